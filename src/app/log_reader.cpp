#include "app/log_reader.h"

#include <utility>

#include "tidegauge/util/utf8.h"

namespace tidegauge::app {
namespace {

constexpr std::string_view thread_name = "logs";

/// Behind others whose Engine hangs; a client has given up by then.
constexpr auto longest_wait = std::chrono::seconds{15};

web::Response log_response(const std::vector<std::string>& lines) {
  web::Response response{
      .headers = {{"X-Content-Type-Options", "nosniff"}, {"Cache-Control", "no-store"}}};
  for (const auto& line : lines) response.body.append(line).push_back('\n');
  return response;
}

/// The Engine's own reason, as "configured logging driver does not support reading".
web::Response failure_response(const Error& error) {
  constexpr std::size_t longest_reason = 300;
  return {
      .status = 502,
      .headers = {{"X-Content-Type-Options", "nosniff"}, {"Cache-Control", "no-store"}},
      .body = "the Engine did not give the log: " + one_line(error.message, longest_reason) + "\n"};
}

}  // namespace

LogReader::~LogReader() = default;

void LogReader::read(Log log, web::Responder respond) {
  {
    const MutexLock lock(mutex_);
    if (waiting_.size() < most_waiting) {
      start_thread();  // first: it may fail
      waiting_.push_back(
          {.log = std::move(log), .respond = std::move(respond), .asked_at = steady_now()});
      wakeup_.notify_one();
      return;
    }
  }
  respond({.status = 503, .body = "too many logs are being read: try again\n"});
}

void LogReader::start_thread() {
  if (thread_.joinable()) return;
  thread_ = std::jthread(
      [this](const std::stop_token& stop) { guard_.run(thread_name, stop, [&] { run(stop); }); });
}

void LogReader::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    MutexLock lock(mutex_);
    if (!wakeup_.wait(lock, stop, [this]() REQUIRES(mutex_) { return !waiting_.empty(); })) return;
    auto order = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    answer(std::move(order), stop);
  }
}

/// Where reading throws, the responder is destroyed, and its client gets status 503.
void LogReader::answer(Order order, const std::stop_token& stop) const {
  guard_.run_once(thread_name, [&] {
    if (steady_now() - order.asked_at > longest_wait) return;  // which is status 503
    const auto lines = read_(order.log, stop);
    order.respond(lines ? log_response(*lines) : failure_response(lines.error()));
  });
}

}  // namespace tidegauge::app
