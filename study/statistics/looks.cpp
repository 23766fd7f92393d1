#include "study/statistics/looks.hpp"

#include <cmath>
#include <stdexcept>

namespace dsx::statistics {

std::vector<std::size_t> looks_between(std::size_t first, std::size_t most, std::size_t looks) {
  if (first == 0 || looks == 0) throw std::invalid_argument("a look needs at least one seed");
  std::vector<std::size_t> counts = {first};
  const double steps = static_cast<double>(looks) - 1;
  for (std::size_t i = 1; i < looks; ++i) {
    const double growth =
        std::pow(static_cast<double>(most) / static_cast<double>(first), static_cast<double>(i) / steps);
    const auto count = static_cast<std::size_t>(std::llround(static_cast<double>(first) * growth));
    if (count > counts.back()) counts.push_back(count);
  }
  return counts;
}

}  // namespace dsx::statistics
