-- Ready stays True while the present certificate is valid, whatever its renewal does: an alert watches its age.
local hs = {status = "Progressing", message = "waiting for cert-manager"}
if obj.status == nil or obj.status.conditions == nil then
  return hs
end
local issuing = false
for _, condition in ipairs(obj.status.conditions) do
  if condition.type == "Issuing" and condition.status == "True" then
    issuing = true
  end
end
for _, condition in ipairs(obj.status.conditions) do
  if condition.type == "Ready" then
    hs.message = condition.message or ""
    if condition.status == "True" then
      hs.status = "Healthy"
    elseif not issuing and obj.status.lastFailureTime ~= nil then
      hs.status = "Degraded"
    end
  end
end
return hs
