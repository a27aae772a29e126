// The program `simulated_engine`: see simulated_engine.h.

#include <pthread.h>

#include <charconv>
#include <csignal>
#include <cstring>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "simulated_engine/simulated_engine.h"

namespace {

using tidegauge::test::SimulatedEngine;
using tidegauge::test::SimulatedEngineOptions;

constexpr std::string_view usage =
    R"(usage: simulated_engine --socket PATH [--containers N] [--events-per-second R] [--seed S]

Serves the API of a Docker Engine that does not exist on a Unix socket, until SIGINT or SIGTERM.

  --socket PATH           where to listen; a file there is replaced
  --containers N          how many containers there are at first (10)
  --events-per-second R   how often something happens to one of them (0.5; 0: never)
  --seed S                another number, another life (1)
  --help                  this text

POST /simulation/fault?kind=delay|hang|close|garbage|badjson|error500|drip|none
       [&call=ping|version|info|list|inspect|stats|events|all][&container=NAME][&ms=N]
POST /simulation/add|remove|start|stop|restart|pause|unpause|oom?container=NAME
POST /simulation/add?container=NAME&label=KEY=VALUE
POST /simulation/kill?container=NAME[&signal=N]     POST /simulation/exit?container=NAME[&code=N]
POST /simulation/rename?container=NAME&to=NAME
POST /simulation/health?container=NAME&status=none|starting|healthy|unhealthy
POST /simulation/life?rate=N    POST /simulation/truth
)";

template <class Number>
bool parse(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size() && number >= 0;
}

bool apply(std::string_view option, const std::string& value, SimulatedEngineOptions& options) {
  if (option == "--containers") return parse(value, options.containers);
  if (option == "--events-per-second") return parse(value, options.events_per_second);
  if (option == "--seed") return parse(value, options.seed);
  if (option == "--socket") options.socket_path = value;
  return option == "--socket";
}

/// Nothing where the command line is wrong, which is then said on standard error.
std::optional<SimulatedEngineOptions> parse_options(const std::vector<std::string>& arguments) {
  SimulatedEngineOptions options;
  options.events_per_second = 0.5;
  for (std::size_t i = 0; i < arguments.size(); i += 2) {
    const auto value = i + 1 < arguments.size() ? arguments[i + 1] : std::string();
    if (value.empty() || !apply(arguments[i], value, options)) {
      std::cerr << "simulated_engine: wrong: " << arguments[i] << ' ' << value << '\n' << usage;
      return std::nullopt;
    }
  }
  if (options.socket_path.empty()) {
    std::cerr << "simulated_engine: --socket is missing\n" << usage;
    return std::nullopt;
  }
  return options;
}

int serve(SimulatedEngineOptions options) {
  // Before there are threads, so that all of them leave the signals to sigwait.
  sigset_t signals;
  ::sigemptyset(&signals);
  ::sigaddset(&signals, SIGINT);
  ::sigaddset(&signals, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  const auto path = options.socket_path;
  const auto count = options.containers;
  try {
    const SimulatedEngine engine(std::move(options));
    std::cout << count << " containers at unix://" << path << '\n' << std::flush;
    int signal = 0;
    ::sigwait(&signals, &signal);
  } catch (const std::system_error& error) {
    std::cerr << "simulated_engine: " << error.what() << '\n';
    return 1;
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments == std::vector<std::string>{"--help"}) {
    std::cout << usage;
    return 0;
  }
  auto options = parse_options(arguments);
  return options ? serve(std::move(*options)) : 2;
}
