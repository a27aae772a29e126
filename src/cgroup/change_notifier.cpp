#include "cgroup/change_notifier.h"

#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace tidegauge::cgroup {
namespace {

using namespace std::chrono_literals;

constexpr Milliseconds longest_wait = 1min;

std::uint32_t events_of(Trigger trigger) noexcept {
  switch (trigger) {
    case Trigger::input:
      return EPOLLIN;
    case Trigger::change:
      return EPOLLPRI;
    case Trigger::change_once:
      break;
  }
  return EPOLLPRI | EPOLLONESHOT;
}

}  // namespace

EpollNotifier::EpollNotifier() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  if (!epoll_.valid()) throw std::system_error(errno, std::generic_category(), "epoll_create1");
}

std::expected<void, int> EpollNotifier::watch(int fd, std::uint64_t key, Trigger trigger) {
  epoll_event event{.events = events_of(trigger), .data = {.u64 = key}};
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) return std::unexpected(errno);
  return {};
}

void EpollNotifier::watch_again(int fd, std::uint64_t key) {
  epoll_event event{.events = events_of(Trigger::change_once), .data = {.u64 = key}};
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event);
}

std::span<const std::uint64_t> EpollNotifier::wait(std::optional<SteadyTime> deadline) {
  auto limit = longest_wait;
  if (deadline) {
    limit = std::clamp(std::chrono::ceil<Milliseconds>(*deadline - steady_now()), Milliseconds{0},
                       longest_wait);
  }
  std::array<epoll_event, std::tuple_size_v<decltype(changed_)>> events{};
  const auto got = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()),
                                static_cast<int>(limit.count()));
  const auto size = static_cast<std::size_t>(std::max(got, 0));
  for (std::size_t i = 0; i < size; ++i) changed_[i] = events[i].data.u64;
  return std::span(changed_).first(size);
}

}  // namespace tidegauge::cgroup
