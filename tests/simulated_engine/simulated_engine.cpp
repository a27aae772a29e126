#include "simulated_engine/simulated_engine.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <ctime>
#include <mutex>
#include <utility>

#include "simulated_engine/event_filter.h"
#include "simulated_engine/replies.h"

namespace tidegauge::test {

namespace {

using namespace std::chrono_literals;

/// Go's server chunks what does not fit its buffer.
constexpr std::size_t longest_unchunked = 2'048;

std::string http_date(WallTime now) {
  const std::time_t seconds =
      std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  std::array<char, 64> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%a, %d %b %Y %T GMT", &utc)};
}

Headers engine_headers(std::string content_type, WallTime now) {
  return {{"Api-Version", std::string(replies::api_version)},
          {"Content-Type", std::move(content_type)},
          {"Docker-Experimental", "false"},
          {"Ostype", "linux"},
          {"Server", "Docker/" + std::string(replies::engine_version) + " (linux)"},
          {"Date", http_date(now)}};
}

std::string encode(int status, const std::string& body, WallTime now) {
  auto headers = engine_headers("application/json", now);
  return body.size() > longest_unchunked ? encode_chunked_reply(status, std::move(headers), body)
                                         : encode_reply(status, std::move(headers), body);
}

std::string encode_ping(const std::string& method, WallTime now) {
  auto headers = engine_headers("text/plain; charset=utf-8", now);
  headers.emplace_back("Cache-Control", "no-cache, no-store, must-revalidate");
  headers.emplace_back("Pragma", "no-cache");
  return encode_reply(200, std::move(headers), method == "HEAD" ? "" : "OK");
}

void refuse_unknown_page(Exchange& exchange) {
  exchange.reply(404, {{"Content-Type", "application/json"}}, replies::error("page not found"));
}

/// "1.41" as 1041, so that versions compare.
int comparable(std::string_view version) {
  const auto dot = std::min(version.find('.'), version.size() - 1);
  return parse_number(version.substr(0, dot)).value_or(0) * 1'000 +
         parse_number(version.substr(dot + 1)).value_or(0);
}

/// Answers a client that speaks another version of the API, as the Engine does: not even in the
/// same form for both.
bool refuse_version(const std::string& version, Exchange& exchange, WallTime now) {
  if (version.empty()) return false;
  const auto min = std::string(replies::min_api_version);
  const auto max = std::string(replies::api_version);
  if (comparable(version) < comparable(min)) {
    auto headers = engine_headers("text/plain; charset=utf-8", now);
    headers.emplace_back("X-Content-Type-Options", "nosniff");
    exchange.reply(400, headers,
                   "client version " + version + " is too old. Minimum supported API version is " +
                       min + ", please upgrade your client to a newer version\n");
    return true;
  }
  if (comparable(version) <= comparable(max)) return false;
  exchange.raw(encode(400,
                      replies::error("client version " + version +
                                     " is too new. Maximum supported API version is " + max),
                      now));
  return true;
}

bool drip(Exchange& exchange, std::string_view bytes, Milliseconds pace) {
  return std::ranges::all_of(
      bytes, [&](const char& byte) { return exchange.raw({&byte, 1}) && exchange.wait(pace); });
}

/// Writes the reply, or what the fault makes of it.
void send(Exchange& exchange, const std::string& reply, const Fault& fault, WallTime now) {
  switch (fault.kind) {
    case FaultKind::none:
      exchange.raw(reply);
      return;
    case FaultKind::delay:
      if (exchange.wait(fault.pace)) exchange.raw(reply);
      return;
    case FaultKind::hang:
      exchange.hang();
      return;
    case FaultKind::close: {
      const auto body_begin = reply.find("\r\n\r\n") + 4;
      const auto cut = body_begin < reply.size() ? (body_begin + reply.size()) / 2 : body_begin / 2;
      exchange.raw(std::string_view(reply).substr(0, cut));
      exchange.close();
      return;
    }
    case FaultKind::garbage:
      exchange.raw("\x16\x03\x01 this is not HTTP\r\n\r\n");
      exchange.close();
      return;
    case FaultKind::badjson:
      exchange.raw(encode(200, R"({"Id": ["simulated)", now));
      return;
    case FaultKind::error500:
      exchange.raw(encode(500, replies::error("simulated failure"), now));
      return;
    case FaultKind::drip:
      drip(exchange, reply, fault.pace);
      return;
  }
}

/// Whether anything is left to stream after what the fault does to the beginning of a stream.
bool begin_stream(Exchange& exchange, const Fault& fault, WallTime now) {
  switch (fault.kind) {
    case FaultKind::delay:
      if (!exchange.wait(fault.pace)) return false;
      break;
    case FaultKind::none:
    case FaultKind::close:
    case FaultKind::drip:
      break;
    default:
      send(exchange, {}, fault, now);
      return false;
  }
  // A stream breaks off without its final chunk.
  if (fault.kind == FaultKind::close) exchange.close();
  return exchange.begin_chunks(200, engine_headers("application/json", now)) &&
         fault.kind != FaultKind::close;
}

bool send_event(Exchange& exchange, const Event& event, const Fault& fault) {
  const auto chunk = encode_chunk(replies::event(event));
  return fault.kind == FaultKind::drip ? drip(exchange, chunk, fault.pace) : exchange.raw(chunk);
}

template <class Word, std::size_t count>
std::optional<Word> parse_word(const std::array<Word, count>& words, std::string_view text) {
  const auto found =
      std::ranges::find(words, text, [](const Word& word) { return to_string(word); });
  return found == words.end() ? std::nullopt : std::optional(*found);
}

}  // namespace

SimulatedEngine::SimulatedEngine(SimulatedEngineOptions options)
    : host_(std::move(options.clock), options.containers, options.seed),
      life_(host_, options.seed),
      events_per_second_(options.events_per_second),
      server_(std::move(options.socket_path),
              [this](const Request& request, Exchange& exchange) { handle(request, exchange); }),
      life_thread_([this](const std::stop_token& stop) { live(stop); }) {}

void SimulatedEngine::set_events_per_second(double rate) {
  {
    const std::lock_guard lock(life_mutex_);
    events_per_second_ = rate;
  }
  life_changed_.notify_all();
}

std::uint64_t SimulatedEngine::calls(EngineCall call) const {
  return calls_[static_cast<std::size_t>(call)];
}

void SimulatedEngine::live(const std::stop_token& stop) {
  std::unique_lock lock(life_mutex_);
  while (!stop.stop_requested()) {
    const auto rate = events_per_second_;
    const auto changed = [&] { return events_per_second_ != rate; };
    if (rate <= 0) {
      life_changed_.wait(lock, stop, changed);
    } else if (!life_changed_.wait_for(lock, stop, std::chrono::duration<double>(1 / rate),
                                       changed) &&
               !stop.stop_requested()) {
      life_.step();
    }
  }
}

void SimulatedEngine::handle(const Request& request, Exchange& exchange) {
  const auto target = parse_target(request.target);
  if (request.method == "POST" && target.path.starts_with("/simulation/")) {
    const auto [status, body] = control(target);
    exchange.reply(status, {{"Content-Type", "application/json"}}, body);
    return;
  }
  auto route = find_route(request.method, target.path);
  if (!route) return refuse_unknown_page(exchange);
  if (route->call == EngineCall::inspect && target.value("size") == "1") {
    route->call = EngineCall::size;
  }
  if (refuse_version(target.version, exchange, host_.now())) return;
  answer(*route, target, request, exchange);
}

std::optional<SimulatedEngine::Route> SimulatedEngine::find_route(const std::string& method,
                                                                  const std::string& path) {
  constexpr std::string_view containers = "/containers/";
  if (path == "/_ping" && (method == "GET" || method == "HEAD")) return Route{EngineCall::ping, ""};
  if (method != "GET") return std::nullopt;
  if (path == "/version") return Route{EngineCall::version, ""};
  if (path == "/info") return Route{EngineCall::info, ""};
  if (path == "/events") return Route{EngineCall::events, ""};
  if (path == "/containers/json") return Route{EngineCall::list, ""};
  if (!path.starts_with(containers)) return std::nullopt;
  const auto slash = path.find('/', containers.size());
  if (slash == std::string::npos) return std::nullopt;
  const auto reference = path.substr(containers.size(), slash - containers.size());
  if (path.substr(slash) == "/json") return Route{EngineCall::inspect, reference};
  if (path.substr(slash) == "/stats") return Route{EngineCall::stats, reference};
  return std::nullopt;
}

void SimulatedEngine::answer(const Route& route, const RequestTarget& target,
                             const Request& request, Exchange& exchange) {
  ++calls_[static_cast<std::size_t>(route.call)];
  const auto container = host_.container(route.reference);
  const auto fault = faults_.find(route.call, container ? container->spec.name : route.reference,
                                  container ? container->id : route.reference);
  const auto now = host_.now();
  if (route.call == EngineCall::ping) {
    send(exchange, encode_ping(request.method, now), fault, now);
  } else if (route.call == EngineCall::events) {
    stream_events(target, fault, exchange);
  } else {
    const auto [status, body] = reply_to(route, target);
    send(exchange, encode(status, body, now), fault, now);
  }
}

SimulatedEngine::Reply SimulatedEngine::reply_to(const Route& route, const RequestTarget& target) {
  if (route.call == EngineCall::version) return {200, replies::version()};
  if (route.call == EngineCall::info) return {200, replies::info(host_)};
  if (route.call == EngineCall::list) {
    auto containers = host_.containers();
    const auto all = target.value("all");
    if (all != "1" && all != "true") {
      std::erase_if(containers, [](const auto& container) {
        return !has_processes(container) && container.status != Status::restarting;
      });
    }
    return {200, replies::list(containers, host_.now())};
  }
  const auto container = host_.container(route.reference);
  if (!container) return {404, replies::error("No such container: " + route.reference)};
  if (route.call == EngineCall::stats) return {200, replies::stats(*container, host_)};
  if (route.call == EngineCall::size) return {200, replies::inspect_with_size(*container, host_)};
  return {200, replies::inspect(*container)};
}

void SimulatedEngine::stream_events(const RequestTarget& target, const Fault& fault,
                                    Exchange& exchange) {
  const auto filter = EventFilter::parse(target.value("filters"));
  const auto since = parse_event_time(target.value("since"));
  const auto until = parse_event_time(target.value("until"));
  if (!filter || (!since && !target.value("since").empty()) ||
      (!until && !target.value("until").empty())) {
    exchange.raw(encode(500, replies::error("invalid since, until or filters"), host_.now()));
    return;
  }
  // An end without a beginning shows what is remembered.
  EventStream stream(host_.events(), until ? since.value_or(WallTime{}) : since);
  if (!begin_stream(exchange, fault, host_.now())) return;
  while (true) {
    const auto now = host_.now();
    for (const auto& event : stream.take()) {
      const bool shown = filter->passes(event) && (!until || event.time <= *until);
      if (shown && !send_event(exchange, event, fault)) return;
    }
    if (until && now >= *until) break;
    std::optional<Milliseconds> limit;
    if (until) limit = std::chrono::ceil<Milliseconds>(*until - now);
    if (exchange.wait_for(stream.wake(), limit) == Waited::gone) return;
  }
  exchange.end_chunks();
}

SimulatedEngine::Reply SimulatedEngine::control(const RequestTarget& target) {
  const auto action = std::string_view(target.path).substr(std::string_view("/simulation/").size());
  if (action == "fault") return control_fault(target);
  if (action == "truth") return {200, truth()};
  if (action == "life") {
    const auto rate = parse_number(target.value("rate"));
    if (!rate || *rate < 0) return {400, replies::error("rate is wrong")};
    set_events_per_second(*rate);
    return {204, ""};
  }
  const auto outcome = control_container(action, target);
  if (!outcome) return {400, replies::error("unknown action, or a parameter is wrong")};
  switch (*outcome) {
    case Outcome::done:
      return {204, ""};
    case Outcome::no_such_container:
      return {404, replies::error("No such container: " + target.value("container"))};
    case Outcome::wrong_state:
      return {409, replies::error("its state does not allow it")};
    case Outcome::name_in_use:
      return {409, replies::error("the name is in use")};
  }
  return {};
}

SimulatedEngine::Reply SimulatedEngine::control_fault(const RequestTarget& target) {
  const auto kind = parse_word(fault_kinds, target.value("kind"));
  const auto call = parse_word(engine_calls, target.value("call"));
  const auto pace = parse_number(target.query.contains("ms") ? target.value("ms") : "1000");
  const bool every_call = target.value("call").empty() || target.value("call") == "all";
  if (!kind || !pace || *pace < 0 || (!call && !every_call)) {
    return {400, replies::error("kind, call or ms is wrong")};
  }
  set_fault({.kind = *kind,
             .call = call,
             .container = target.value("container"),
             .pace = Milliseconds(*pace)});
  return {204, ""};
}

std::optional<Outcome> SimulatedEngine::control_container(std::string_view action,
                                                          const RequestTarget& target) {
  const auto name = target.value("container");
  if (name.empty()) return std::nullopt;
  if (action == "add") {
    ContainerSpec spec{.name = name};
    const auto label = target.value("label");
    const auto equals = std::min(label.find('='), label.size());
    if (!label.empty())
      spec.labels = {{label.substr(0, equals), label.substr(std::min(equals + 1, label.size()))}};
    return host_.add(std::move(spec));
  }
  if (action == "remove") return host_.remove(name);
  if (action == "start") return host_.start(name);
  if (action == "stop") return host_.stop(name);
  if (action == "restart") return host_.restart(name);
  if (action == "pause") return host_.pause(name);
  if (action == "unpause") return host_.unpause(name);
  if (action == "oom") return host_.oom(name);
  if (action == "kill") return host_.kill(name, parse_number(target.value("signal")).value_or(9));
  if (action == "exit") return host_.exit(name, parse_number(target.value("code")).value_or(0));
  if (action == "rename" && !target.value("to").empty()) {
    return host_.rename(name, target.value("to"));
  }
  const auto health = parse_health_status(target.value("status"));
  if (action == "health" && health) return host_.set_health(name, *health);
  return std::nullopt;
}

std::string SimulatedEngine::truth() const {
  std::string text;
  const auto add = [&text](const std::string& metric, const std::string& name,
                           const std::string& label, std::uint64_t value) {
    if (value == 0) return;
    text += metric + "{name=\"" + name + "\"" + label + "} " + std::to_string(value) + "\n";
  };
  for (const auto& container : host_.containers()) {
    add("container_state", container.spec.name,
        ",state=\"" + std::string(to_string(container.status)) + "\"", 1);
  }
  for (const auto& [name, counts] : host_.happenings()) {
    add("container_restarts_total", name, "", counts.restarts);
    add("container_oom_events_total", name, "", counts.ooms);
    add("container_health_transitions_total", name, R"(,to="healthy")", counts.became_healthy);
    add("container_health_transitions_total", name, R"(,to="unhealthy")", counts.became_unhealthy);
    for (const auto& [code, count] : counts.exits) {
      add("container_exits_total", name, ",code=\"" + std::to_string(code) + "\"", count);
    }
  }
  return text;
}

}  // namespace tidegauge::test
