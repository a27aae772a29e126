#include "tidegauge/http/connection.h"

namespace tidegauge::http {

Result<Response> Connection::perform(const Request& request, const std::stop_token& stop) {
  begin(request);
  // After begin(), which forgets aborts. A token that is stopped already aborts here at once.
  const std::stop_callback cancel(stop, [this] { abort(Errc::cancelled); });
  while (true) {
    if (auto outcome = advance(steady_now())) return std::move(*outcome);
    wait(next_limit());
  }
}

}  // namespace tidegauge::http
