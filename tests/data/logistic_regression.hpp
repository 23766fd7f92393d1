// A plain L2-regularised logistic regression, fitted by accelerated gradient descent on standardised
// features: the linear model that the built-in data must defeat.
#pragma once

#include <algorithm>
#include <cmath>
#include <numeric>
#include <opencv2/core.hpp>
#include <vector>

namespace dsx::test {

struct Samples {
  cv::Mat1f features;  // one row per sample
  std::vector<float> labels;
};

// Area under the ROC curve by ranks; ties do not occur with real scores.
inline double auc(const std::vector<float>& scores, const std::vector<float>& labels) {
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return scores[a] < scores[b]; });
  double rank_sum = 0, positives = 0;
  for (std::size_t rank = 0; rank < order.size(); ++rank)
    if (labels[order[rank]] > 0.5F) rank_sum += static_cast<double>(rank + 1), ++positives;
  const double negatives = static_cast<double>(labels.size()) - positives;
  return (rank_sum - positives * (positives + 1) / 2) / (positives * negatives);
}

inline double logistic_regression_auc(Samples train, Samples test, double l2) {
  for (int f = 0; f < train.features.cols; ++f) {
    cv::Scalar mean, deviation;
    cv::meanStdDev(train.features.col(f), mean, deviation);
    for (cv::Mat1f* features : {&train.features, &test.features}) {
      cv::Mat column = features->col(f);
      column.convertTo(column, CV_32F, 1 / (deviation[0] + 1e-6), -mean[0] / (deviation[0] + 1e-6));
    }
  }
  const int count = train.features.rows;
  const cv::Mat transposed = train.features.t();
  cv::Mat weights(train.features.cols, 1, CV_32F, cv::Scalar(0)), ahead = weights.clone(), previous, residual,
                                                                  gradient;
  float bias = 0;
  // Step below 1 / Lipschitz: a quarter of the largest eigenvalue of X'X / n, by power iteration.
  cv::Mat direction(train.features.cols, 1, CV_32F, cv::Scalar(1));
  double eigenvalue = 1;
  for (int i = 0; i < 20; ++i) {
    direction = transposed * (train.features * direction) / count;
    eigenvalue = cv::norm(direction);
    direction /= eigenvalue;
  }
  const double step = 1 / (eigenvalue / 4 * 1.1 + l2);
  for (int iteration = 1; iteration <= 150; ++iteration) {
    residual = train.features * ahead;
    double bias_gradient = 0;
    for (int i = 0; i < count; ++i) {
      auto& value = residual.at<float>(i);
      value = 1 / (1 + std::exp(-value - bias)) - train.labels[static_cast<std::size_t>(i)];
      bias_gradient += static_cast<double>(value) / count;
    }
    previous = weights.clone();
    gradient = transposed * residual / count + l2 * ahead;
    weights = ahead - step * gradient;
    ahead = weights + (iteration - 1.0) / (iteration + 2.0) * (weights - previous);
    bias -= static_cast<float>(bias_gradient);
  }
  const cv::Mat scores = test.features * weights;
  return auc({scores.begin<float>(), scores.end<float>()}, test.labels);
}

}  // namespace dsx::test
