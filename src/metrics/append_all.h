#pragma once

// Appends several texts to a string, which is faster than to append one after the other: there is
// room made once. Stateless, hence thread-safe.

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>

namespace tidegauge::metrics {

inline void append_all(std::string& out, std::initializer_list<std::string_view> texts) {
  auto end = out.size();
  auto size = end;
  for (const auto text : texts) size += text.size();
  // libstdc++ 12 gives the operation the new capacity in place of the size.
  out.resize_and_overwrite(size, [&](char* data, std::size_t /*capacity*/) {
    for (const auto text : texts) end += text.copy(data + end, text.size());
    return size;
  });
}

}  // namespace tidegauge::metrics
