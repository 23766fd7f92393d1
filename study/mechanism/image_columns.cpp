#include "study/mechanism/image_columns.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace dsx::mechanism {
namespace {

constexpr double kNoValue = std::numeric_limits<double>::quiet_NaN();

template <typename Combine>
Column combined(const Column& a, const Column& b, const Combine& combine) {
  Column result(a.size());
  for (std::size_t i = 0; i < a.size(); ++i) result[i] = combine(a[i], b[i]);
  return result;
}

}  // namespace

Column quotient(const Column& a, const Column& b) {
  return combined(a, b, [](double x, double y) { return y != 0 ? x / y : kNoValue; });
}

Column difference(const Column& a, const Column& b) {
  return combined(a, b, [](double x, double y) { return x - y; });
}

Column of_class(const Column& column, const std::vector<std::uint8_t>& positive, bool wanted) {
  Column result = column;
  for (std::size_t i = 0; i < result.size(); ++i)
    if ((positive[i] != 0) != wanted) result[i] = kNoValue;
  return result;
}

std::string why_no_mean(const std::vector<Column>& columns) {
  for (const Column& column : columns)
    if (std::ranges::none_of(column, [](double v) { return std::isfinite(v); }))
      return "no image has this figure";
  return "";
}

analysis::CellCompute means_of(std::vector<Column> columns) {
  // Places of the images that have a value, so that a few chosen ones among thousands are quick.
  struct Valued {
    std::vector<std::size_t> places;
    std::vector<double> values;
  };
  std::vector<Valued> all;
  for (const Column& column : columns) {
    Valued& valued = all.emplace_back();
    for (std::size_t i = 0; i < column.size(); ++i) {
      if (!std::isfinite(column[i])) continue;
      valued.places.push_back(i);
      valued.values.push_back(column[i]);
    }
  }
  return [all = std::move(all)](const analysis::SplitWeights& weights, std::span<double> out) {
    const auto& w = weights[static_cast<std::size_t>(data::Split::test)];
    for (std::size_t c = 0; c < all.size(); ++c) {
      double sum = 0, count = 0;
      for (std::size_t i = 0; i < all[c].places.size(); ++i) {
        const double weight = w[all[c].places[i]];
        sum += weight * all[c].values[i];
        count += weight;
      }
      out[c] = count > 0 ? sum / count : kNoValue;
    }
  };
}

}  // namespace dsx::mechanism
