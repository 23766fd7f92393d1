// One list of columns with a pointer each: writing and reading cannot drift apart.
#include "study/training/history.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "kernels/base/clock.hpp"

namespace dsx::training {
namespace {

struct Column {
  std::string name;
  std::function<double(const EpochRecord&)> get;
  std::function<void(EpochRecord&, double)> set;
};

// A count from a file: 0 where it cannot be one, and never more than a double holds exactly or T's largest.
template <typename T>
T whole(double value) {
  const double largest = std::min(0x1p53, static_cast<double>(std::numeric_limits<T>::max()));
  return value >= 0 ? static_cast<T>(std::min(value, largest)) : T{0};
}

void add_metrics(std::vector<Column>& columns, const std::string& prefix, Metrics EpochRecord::*split) {
  const auto real = [&](const char* name, double Metrics::*member) {
    columns.push_back({prefix + name, [=](const EpochRecord& e) { return e.*split.*member; },
                       [=](EpochRecord& e, double v) { e.*split.*member = v; }});
  };
  const auto count = [&](const char* name, std::size_t Confusion::*member) {
    columns.push_back(
        {prefix + name,
         [=](const EpochRecord& e) { return static_cast<double>((e.*split).confusion.*member); },
         [=](EpochRecord& e, double v) { (e.*split).confusion.*member = whole<std::size_t>(v); }});
  };
  real("loss", &Metrics::loss);
  real("accuracy", &Metrics::accuracy);
  real("precision", &Metrics::precision);
  real("recall", &Metrics::recall);
  real("specificity", &Metrics::specificity);
  real("f1", &Metrics::f1);
  real("auc", &Metrics::auc);
  count("tp", &Confusion::tp);
  count("fp", &Confusion::fp);
  count("tn", &Confusion::tn);
  count("fn", &Confusion::fn);
}

const std::vector<Column>& columns_of_epochs() {
  static const std::vector<Column> columns = [] {
    std::vector<Column> c;
    c.push_back({"epoch", [](const EpochRecord& e) { return e.epoch; },
                 [](EpochRecord& e, double v) { e.epoch = whole<int>(v); }});
    const auto real = [&](const char* name, double EpochRecord::*member) {
      c.push_back({name, [=](const EpochRecord& e) { return e.*member; },
                   [=](EpochRecord& e, double v) { e.*member = v; }});
    };
    real("lr", &EpochRecord::lr);
    add_metrics(c, "train_", &EpochRecord::train);
    add_metrics(c, "val_", &EpochRecord::val);
    const auto seconds = [&](const char* name, std::int64_t EpochRecord::*member) {
      c.push_back({name, [=](const EpochRecord& e) { return in_seconds(e.*member); },
                   [=](EpochRecord& e, double v) { e.*member = whole<std::int64_t>(std::round(v * 1e9)); }});
    };
    seconds("train_s", &EpochRecord::train_ns);
    seconds("val_s", &EpochRecord::val_ns);
    seconds("data_wait_s", &EpochRecord::data_wait_ns);
    real("train_images_per_s", &EpochRecord::train_images_per_s);
    return c;
  }();
  return columns;
}

}  // namespace

std::int64_t training_ns(const std::vector<EpochRecord>& history) {
  std::int64_t sum = 0;
  for (const EpochRecord& e : history) sum += e.train_ns + e.val_ns;
  return sum;
}

bool add_epoch(TrainState& state, const EpochRecord& record, int patience) {
  state.history.push_back(record);
  const double auc = record.val.auc;
  const bool higher = std::isnan(auc) || std::isnan(state.best_auc) || auc > state.best_auc;
  const bool best = higher || (auc == state.best_auc && record.val.loss < state.best_loss);
  state.epochs_since_best_auc = higher ? 0 : state.epochs_since_best_auc + 1;
  if (best) {
    state.best_epoch = record.epoch;
    state.best_auc = auc;
    state.best_loss = record.val.loss;
  }
  state.stopped_early = patience > 0 && state.epochs_since_best_auc >= patience;
  return best;
}

Columns to_columns(const std::vector<EpochRecord>& history) {
  Columns out;
  for (const Column& column : columns_of_epochs()) {
    std::vector<double> values;
    values.reserve(history.size());
    for (const EpochRecord& record : history) values.push_back(column.get(record));
    out.emplace_back(column.name, std::move(values));
  }
  return out;
}

std::vector<EpochRecord> from_columns(const Columns& columns) {
  std::vector<EpochRecord> history(columns.empty() ? 0 : columns.front().second.size());
  for (const auto& [name, values] : columns)
    for (const Column& column : columns_of_epochs())
      for (std::size_t i = 0; column.name == name && i < values.size() && i < history.size(); ++i)
        column.set(history[i], values[i]);
  for (EpochRecord& e : history) {
    e.train.count = e.train.confusion.count();
    e.val.count = e.val.confusion.count();
  }
  return history;
}

}  // namespace dsx::training
