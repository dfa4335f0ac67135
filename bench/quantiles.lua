-- Prints latencies in whole microseconds, one "pQUANTILE VALUE" line each: wrk's own lines are rounded and lack p99.9.
function done(summary, latency, requests)
  for _, quantile in ipairs({50, 90, 99, 99.9}) do
    io.write(string.format("p%s %d\n", string.gsub(tostring(quantile), "%.", "_"), latency:percentile(quantile)))
  end
  io.write(string.format("p100 %d\n", latency.max))
end
