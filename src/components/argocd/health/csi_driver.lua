-- The operator of the CSI drivers writes no phase: a failure is a condition, if it writes one at all.
local hs = {status = "Healthy", message = ""}
if obj.status == nil or obj.status.conditions == nil then
  return hs
end
for _, condition in ipairs(obj.status.conditions) do
  if condition.type == "Ready" and condition.status == "False" then
    hs.status = "Degraded"
    hs.message = condition.message or condition.reason or ""
  end
end
return hs
