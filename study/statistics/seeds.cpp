#include "study/statistics/seeds.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>

#include "study/statistics/checks.hpp"

namespace dsx::statistics {
namespace {

double mean_of(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

// V and C of the header: means of the diagonal and of the rest.
struct ImageError {
  double variance = 0, covariance = 0;
};

ImageError image_error(std::span<const double> covariance, std::size_t seeds) {
  ImageError error;
  for (std::size_t a = 0; a < seeds; ++a)
    for (std::size_t b = 0; b < seeds; ++b)
      (a == b ? error.variance : error.covariance) += covariance[a * seeds + b];
  error.variance /= static_cast<double>(seeds);
  if (seeds > 1) error.covariance /= static_cast<double>(seeds * (seeds - 1));
  return error;
}

std::string not_a_number(std::span<const double> figures, std::span<const double> covariance) {
  for (std::size_t s = 0; s < figures.size(); ++s)
    if (!std::isfinite(figures[s])) return "seed " + std::to_string(s + 1) + " of the list has no figure";
  const bool finite =
      std::all_of(covariance.begin(), covariance.end(), [](double c) { return std::isfinite(c); });
  return finite ? "" : "the images' error is not known";
}

}  // namespace

SeedSummary combine_seeds(std::span<const double> figures, std::span<const double> image_covariance,
                          const SeedOptions& options) {
  const auto [confidence, null, scale, image_df] = options;
  detail::require_confidence(confidence);
  const std::size_t count = figures.size();
  if (image_covariance.size() != count * count)
    throw std::invalid_argument("the images' covariance does not fit the number of seeds");
  SeedSummary result;
  result.seeds = count;
  std::string reason = count == 0 ? "no seed" : not_a_number(figures, image_covariance);
  const auto give_up = [&] { result.mean = result.mean_these_images = cannot_estimate(reason); };
  if (!reason.empty()) {
    give_up();
    return result;
  }
  const ImageError error = image_error(image_covariance, count);
  result.image_sd = std::sqrt(std::max(0.0, error.variance));
  if (count == 1) {
    reason = "one seed shows no spread over seeds";
    give_up();
    return result;
  }
  const auto seeds = static_cast<double>(count);
  const double mean = mean_of(figures);
  double mean_square = 0;
  for (const double f : figures) mean_square += (f - mean) * (f - mean) / (seeds - 1);
  const double shared = std::max(0.0, error.covariance);
  result.observed_sd = std::sqrt(mean_square);
  result.seed_sd = std::sqrt(std::max(0.0, mean_square - error.variance + error.covariance));
  result.shared_image_sd = std::sqrt(shared);
  const double total = mean_square + seeds * shared;
  result.mean = t_interval(mean, std::sqrt(total / seeds), seeds - 1, confidence, null,
                           total > 0 ? mean_square / total : 1, image_df);
  result.mean_these_images = t_interval(mean, std::sqrt(mean_square / seeds), seeds - 1, confidence, null);
  if (result.mean.estimable()) result.mean.method = "seeds and images, Obuchowski-Rockette";
  if (result.mean_these_images.estimable()) result.mean_these_images.method = "seeds only, Student's t";
  if (scale == SeedScale::logit) {
    result.mean = on_logit_scale(result.mean, confidence, null);
    result.mean_these_images = on_logit_scale(result.mean_these_images, confidence, null);
  }
  return result;
}

std::vector<double> difference_covariance(std::span<const double> covariance_of_both) {
  const auto both =
      static_cast<std::size_t>(std::llround(std::sqrt(static_cast<double>(covariance_of_both.size()))));
  if (both * both != covariance_of_both.size() || both % 2 != 0)
    throw std::invalid_argument("a covariance of two times as many figures as seeds is needed");
  const std::size_t count = both / 2;
  const auto of = [&](std::size_t i, std::size_t j) { return covariance_of_both[i * both + j]; };
  std::vector<double> result(count * count);
  for (std::size_t s = 0; s < count; ++s)
    for (std::size_t t = 0; t < count; ++t)
      result[s * count + t] = of(s, t) - of(s, count + t) - of(count + s, t) + of(count + s, count + t);
  return result;
}

MeanCovariance mean_covariance(std::span<const std::vector<double>> values, SubjectIds subjects) {
  MeanCovariance result;
  const std::size_t columns = values.size(), images = columns == 0 ? 0 : values[0].size();
  for (const auto& column : values) detail::require_same_length(column.size(), images, subjects);
  const std::size_t count = subjects.empty() ? images : detail::count_subjects(subjects);
  if (columns == 0 || count < 2) throw std::invalid_argument("a covariance needs at least two subjects");
  const std::size_t places =
      subjects.empty() ? images : std::size_t{*std::max_element(subjects.begin(), subjects.end())} + 1;
  std::vector<std::vector<double>> sums(columns, std::vector<double>(places));
  for (std::size_t c = 0; c < columns; ++c) {
    result.mean.push_back(mean_of(values[c]));
    for (std::size_t i = 0; i < images; ++i)
      sums[c][subjects.empty() ? i : subjects[i]] +=
          (values[c][i] - result.mean[c]) / static_cast<double>(images);
  }
  const double correction = static_cast<double>(count) / static_cast<double>(count - 1);
  for (const auto& a : sums)
    for (const auto& b : sums)
      result.covariance.push_back(correction * std::inner_product(a.begin(), a.end(), b.begin(), 0.0));
  return result;
}

}  // namespace dsx::statistics
