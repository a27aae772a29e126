#include <span>

#include "tidegauge/app/run.h"

int main(int count, char** arguments) {
  const std::span<const char* const> all(arguments, static_cast<std::size_t>(count));
  return tidegauge::app::run(all.empty() ? all : all.subspan(1));
}
