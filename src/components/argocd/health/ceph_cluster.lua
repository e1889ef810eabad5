-- HEALTH_WARN is what the loss of a zone looks like, and what a mended cluster says for hours: an alert tells it.
-- Only HEALTH_ERR is a failure, and a failure of Rook itself.
local hs = {status = "Progressing", message = "waiting for Rook"}
if obj.status == nil then
  return hs
end
local ceph = obj.status.ceph
if ceph == nil or ceph.health == nil then
  if obj.status.phase == "Failure" then
    hs.status = "Degraded"
    hs.message = obj.status.message or "Rook failed"
  end
  return hs
end
hs.message = ceph.health
if ceph.details ~= nil then
  local codes = {}
  for code, _ in pairs(ceph.details) do
    table.insert(codes, code)
  end
  table.sort(codes)
  if #codes > 0 then
    hs.message = ceph.health .. ": " .. table.concat(codes, ", ")
  end
end
if ceph.health == "HEALTH_ERR" or obj.status.phase == "Failure" then
  hs.status = "Degraded"
elseif ceph.health == "HEALTH_OK" or ceph.health == "HEALTH_WARN" then
  hs.status = "Healthy"
end
return hs
