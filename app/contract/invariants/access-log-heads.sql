-- since 2
-- The head of each lane of the access log is its last line.
SELECT HEX(lane.organization), lane.lane
FROM access_lane AS lane
WHERE lane.seq <> COALESCE(
  (
    -- The last one by the primary key: one row of each lane is read, however long the log is.
    SELECT line.seq FROM access_log AS line
    WHERE line.organization = lane.organization AND line.lane = lane.lane
    ORDER BY line.seq DESC LIMIT 1
  ), 0
);
