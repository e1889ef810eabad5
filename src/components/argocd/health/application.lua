-- A status of the source before this one says nothing about this one.
local hs = {status = "Progressing", message = "waiting for the first comparison"}
if obj.status == nil or obj.status.health == nil or obj.status.health.status == nil then
  return hs
end
local function differs(spec, compared)
  if spec == nil then
    return false
  end
  if compared == nil then
    return true
  end
  for _, field in ipairs({"repoURL", "path", "chart", "targetRevision"}) do
    if spec[field] ~= nil and spec[field] ~= compared[field] then
      return true
    end
  end
  return false
end
local sync = obj.status.sync
if sync == nil or sync.comparedTo == nil or differs(obj.spec.source, sync.comparedTo.source) then
  hs.message = "not yet compared with its present source"
  return hs
end
for i, source in ipairs(obj.spec.sources or {}) do
  if differs(source, (sync.comparedTo.sources or {})[i]) then
    hs.message = "not yet compared with its present sources"
    return hs
  end
end
hs.status = obj.status.health.status
hs.message = obj.status.health.message or ""
return hs
