#include "tidegauge/model/lifecycle.h"

namespace tidegauge::model {

ExitClass exit_class(int exit_code) noexcept {
  if (exit_code == 0) return ExitClass::success;
  if (exit_code >= 1 && exit_code <= 125) return ExitClass::failure;
  if (exit_code == 126 || exit_code == 127) return ExitClass::not_started;
  if (exit_code == 137) return ExitClass::killed;
  if (exit_code == 143) return ExitClass::terminated;
  return ExitClass::signal;
}

std::string_view to_string(ExitClass exit) noexcept {
  switch (exit) {
    case ExitClass::success:
      return "0";
    case ExitClass::failure:
      return "1-125";
    case ExitClass::not_started:
      return "126-127";
    case ExitClass::killed:
      return "137";
    case ExitClass::terminated:
      return "143";
    case ExitClass::signal:
      return "signal";
  }
  return "signal";
}

}  // namespace tidegauge::model
