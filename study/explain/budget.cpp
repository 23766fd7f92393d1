#include "study/explain/budget.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/base/clock.hpp"

namespace dsx::explain {
namespace {

constexpr double kNoLimit = std::numeric_limits<double>::infinity();
constexpr double kLeastStretch = 0.1, kMostStretch = 20;
constexpr double kReserve = 0.05;  // of the time left: for what runs longer than it was planned

}  // namespace

std::vector<Allotment> allot(const std::vector<TimeNeed>& needs, double left_s, double scale) {
  std::vector<Allotment> plan;
  for (const auto& need : needs) plan.push_back({need.name, true, scale * need.usual_s, 1});
  if (std::isinf(left_s) || needs.empty()) {
    for (auto& one : plan) one.seconds = kNoLimit;
    return plan;
  }
  const double usable_s = (1 - kReserve) * left_s;
  double least_s = 0;
  for (const auto& need : needs) least_s += scale * need.least_s;
  for (std::size_t kept = needs.size(); least_s > usable_s && kept > 1; --kept) {
    std::size_t worst = needs.size();
    for (std::size_t i = 0; i < needs.size(); ++i)
      if (plan[i].fits && (worst == needs.size() || needs[i].rank > needs[worst].rank)) worst = i;
    plan[worst].fits = false;
    plan[worst].seconds = scale * needs[worst].least_s;
    least_s -= scale * needs[worst].least_s;
  }
  double timed_s = 0;  // of those that fit: all but their least
  for (std::size_t i = 0; i < needs.size(); ++i)
    if (plan[i].fits) timed_s += scale * (needs[i].usual_s - needs[i].least_s);
  const double stretch =
      timed_s > 0 ? std::clamp((usable_s - least_s) / timed_s, kLeastStretch, kMostStretch) : 1;
  for (std::size_t i = 0; i < needs.size(); ++i) {
    if (!plan[i].fits) continue;
    plan[i].stretch = stretch;
    // Its part of the time left, in the proportion of what each needs.
    const double wanted_s = scale * (needs[i].least_s + stretch * (needs[i].usual_s - needs[i].least_s));
    plan[i].seconds = usable_s * wanted_s / (least_s + stretch * timed_s);
  }
  return plan;
}

Budget::Budget(double total_s, std::function<double()> now_s)
    : total_s_(total_s), now_s_(std::move(now_s)), until_s_(kNoLimit) {
  if (!now_s_) now_s_ = [] { return in_seconds(now_ns()); };
  start_s_ = now_s_();
}

double Budget::elapsed_s() const { return now_s_() - start_s_; }
double Budget::left_s() const { return is_limited() ? std::max(0.0, total_s_ - elapsed_s()) : kNoLimit; }

void Budget::begin(double allotted_s) {
  begun_s_ = now_s_();
  until_s_ = begun_s_ + allotted_s;
  sets_left_ = sets_done_ = 0;
}

double Budget::experiment_left_s() const { return std::max(0.0, until_s_ - now_s_()); }

bool Budget::has_time_for_set() const {
  if (sets_done_ == 0) return true;
  const double mean_s = (now_s_() - begun_s_) / sets_done_;
  return experiment_left_s() > 0.5 * mean_s;  // more than half of it: a set can be made shorter
}

double Budget::take_set() {
  const double share_s = experiment_left_s() / std::max(1, sets_left_);
  sets_left_ = std::max(0, sets_left_ - 1);
  ++sets_done_;
  return share_s;
}

}  // namespace dsx::explain
