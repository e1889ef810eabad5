-- The head of each lane of the access log is its last line.
SELECT HEX(lane.organization), lane.lane
FROM access_lane AS lane
WHERE lane.seq <> (
  SELECT COALESCE(MAX(line.seq), 0) FROM access_log AS line
  WHERE line.organization = lane.organization AND line.lane = lane.lane
);
