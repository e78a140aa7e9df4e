-- Sends one prepared request again and again. From the environment:
-- BENCH_METHOD, BENCH_HEADERS (lines "name: value"), BENCH_BODY_FILE ('' or unset: no body).
wrk.method = os.getenv('BENCH_METHOD')
for name, value in (os.getenv('BENCH_HEADERS') or ''):gmatch('([^:\n]+): ([^\n]*)') do
  if name == 'host' then name = 'Host' end
  wrk.headers[name] = value
end
local file = os.getenv('BENCH_BODY_FILE')
if file and file ~= '' then
  local body = io.open(file, 'rb')
  wrk.body = body:read('*a')
  body:close()
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    'BENCH{"requests":%d,"microseconds":%d,"p50":%d,"p99":%d,"errors":%d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.status + errors.connect + errors.read + errors.write + errors.timeout))
end
