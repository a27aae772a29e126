#pragma once

// The metrics that prometheus-cpp holds (`instruments.cpp`), because they are counted in place, and
// the durations of requests. Immutable, hence thread-safe.

#include <array>
#include <string_view>

#include "metrics/family.h"

namespace tidegauge::metrics::instrument {

inline constexpr Family build_info{"tidegauge_build_info", MetricType::gauge,
                                   "Version of this daemon; always 1.", "version"};
inline constexpr Family cycle_errors{"tidegauge_cycle_errors_total", MetricType::counter,
                                     "Failed calls of the monitoring cycles, by step.",
                                     "endpoint, step"};
inline constexpr Family requests{"tidegauge_http_requests_total", MetricType::counter,
                                 "Requests to this daemon, by path and status code. Paths that "
                                 "this daemon does not have are other.",
                                 "path, code"};
inline constexpr Family response_bytes{"tidegauge_http_response_bytes_total", MetricType::counter,
                                       "Bytes of answers that were sent, by content encoding.",
                                       "encoding"};
inline constexpr Family requests_in_flight{"tidegauge_http_requests_in_flight", MetricType::gauge,
                                           "Pages that clients are reading."};
inline constexpr Family connections{"tidegauge_http_connections", MetricType::gauge,
                                    "Open connections of clients."};
inline constexpr Family closed_connections{
    "tidegauge_http_connections_closed_total", MetricType::counter,
    "Connections that this daemon closed: for a newcomer (evicted), because no complete request "
    "(head_timeout) or no further request (idle_timeout) came in time, because the client read too "
    "slowly (slow_reader), or at once (refused).",
    "reason"};
inline constexpr Family authentication_failures{
    "tidegauge_http_authentication_failures_total", MetricType::counter,
    "Requests that were not authenticated: without credentials, with wrong ones, or because too "
    "many passwords waited to be checked (busy).",
    "reason"};
inline constexpr Family rate_limited_requests{"tidegauge_http_requests_rate_limited_total",
                                              MetricType::counter,
                                              "Requests beyond the rate limit, answered with 429."};
inline constexpr Family history_bytes{
    "tidegauge_history_bytes", MetricType::gauge,
    "Memory of the history of 15 minutes that the status page shows."};
inline constexpr Family last_reload_successful{
    "tidegauge_config_last_reload_successful", MetricType::gauge,
    "1 if the last reload of the configuration succeeded, or there was none; 0 if it failed."};
inline constexpr Family last_reload_success{
    "tidegauge_config_last_reload_success_timestamp_seconds", MetricType::gauge,
    "Time at which the configuration in effect was loaded, in seconds since the Unix epoch."};
inline constexpr Family web_config_valid{
    "tidegauge_web_config_valid", MetricType::gauge,
    "1 while the web configuration in effect is that of its file, 0 while the file is broken and "
    "an older one is in effect."};

/// In the order of docs/metrics.md.
inline constexpr std::array all{build_info,
                                cycle_errors,
                                requests,
                                response_bytes,
                                requests_in_flight,
                                connections,
                                closed_connections,
                                authentication_failures,
                                rate_limited_requests,
                                history_bytes,
                                last_reload_successful,
                                last_reload_success,
                                web_config_valid};

// The reasons that have a series from the start. Any other reason is counted as "other".
inline constexpr std::array<std::string_view, 5> close_reasons{
    "evicted", "head_timeout", "idle_timeout", "slow_reader", "refused"};
inline constexpr std::array<std::string_view, 3> authentication_failure_reasons{
    "no_credentials", "wrong_credentials", "busy"};

}  // namespace tidegauge::metrics::instrument
