// Does an operator wait for memory because too few of its loads are under way at once? The same reads in
// kernels of our own, with one to many independent rows and with prefetching; the same lines one after the
// other, each address from the load before (bound by latency), and read as fast as they come (bound by
// bandwidth). By Little's law a kernel that moves a line every t ns, where a load takes L ns, has L / t lines
// in flight: so what oneDNN's kernel reaches can be told without counters.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <optional>

#include "bench/arms/block_builder.hpp"
#include "bench/arms/chain.hpp"
#include "bench/arms/definitions.hpp"
#include "bench/machine/line_chains.hpp"
#include "kernels/base/error.hpp"
#include "study/explain/arm_set.hpp"
#include "study/explain/experiments/experiments.hpp"
#include "study/explain/operator_reads.hpp"

namespace dsx::explain {
namespace {

constexpr int kAheadBytes = 1024;
constexpr ReadOrder kOrders[] = {{1, 0}, {2, 0}, {4, 0}, {8, 0}, {1, kAheadBytes}, {4, kAheadBytes}};
constexpr int kChains[] = {1, 2, 4, 8, 16};
constexpr int kReadStreams[] = {1, 4};
constexpr double kMostChainBytes = 128e6;
// A kernel of ours that is so much slower than oneDNN's says nothing of what another kernel could save.
constexpr double kComparable = 1.1;

struct OneOperator {
  std::string op;
  std::size_t onednn = 0;
  std::vector<std::size_t> ours;    // by kOrders; empty: there is no kernel of ours
  std::optional<std::size_t> best;  // the fastest of them
};

// Which kernel of ours does the same: by the operator's definition on an image that rises and one that falls,
// so that a larger window is told as well.
std::optional<PoolOf> pool_of(const bench::Definition& definition) {
  const auto is = [&definition](PoolOf what) {
    return std::ranges::all_of(std::array{1., -1.}, [&](double sign) {
      const auto x = [sign](int row, int column) { return sign * std::pow(6 * row + column, 2); };
      const std::array window{x(2, 2), x(2, 3), x(3, 2), x(3, 3)};
      const double of_window = what == PoolOf::maximum ? std::ranges::max(window)
                                                       : (window[0] + window[1] + window[2] + window[3]) / 4;
      return definition(x, 1, 1, 6, 6) == of_window;
    });
  };
  if (is(PoolOf::maximum)) return PoolOf::maximum;
  if (is(PoolOf::average)) return PoolOf::average;
  return std::nullopt;
}

std::string order_name(const ReadOrder& order) {
  return fmt::format("{} {}{}", order.streams, order.streams == 1 ? "stream" : "streams",
                     order.ahead_bytes > 0 ? ", prefetched" : "");
}

class Parallelism {
 public:
  Parallelism(ExplainContext& context, ExperimentReport& report, const bench::Geometry& geometry)
      : context_(context),
        report_(report),
        geometry_(geometry),
        threads_(context.options.threads),
        arms_(context, report, 2 * context.options.seconds) {
    const auto conv = bench::geometry_conv(geometry, context.options.batch, 1);
    images_ = {context.options.batch, static_cast<int>(conv.dst[2]), static_cast<int>(conv.dst[3]),
               static_cast<int>(conv.dst[1])};
    source_.resize(images_.source_floats() + kReadBehind);
    destination_.resize(images_.destination_floats());
    const auto bytes = std::min(kMostChainBytes, 4.0 * static_cast<double>(images_.source_floats()));
    constexpr std::size_t page = 4096;
    const auto pages = std::max<std::size_t>(1, static_cast<std::size_t>(bytes) / page);
    chains_ = std::make_unique<bench::LineChains>(std::vector<bench::LineChains::Level>{{pages * page, page}},
                                                  context.options.seed);
  }

  void run() {
    for (const auto& op : context_.pooled_variants(geometry_)) add_operator(op);
    for (const int streams : kReadStreams) reads_.push_back(add_read(streams));
    for (const int chains : kChains) followed_.push_back(add_chains(chains));
    arms_.run();
    for (auto& one : operators_) {
      if (!one.ours.empty()) one.best = fastest_of(one.ours);
    }
    add_table();
    say_memory();
    for (const auto& one : operators_) say_operator(one);
  }

 private:
  std::size_t add(const std::string& name, std::function<void()> run) {
    return arms_.add(fmt::format("{}/{}", geometry_.name, name), std::move(run));
  }

  void add_operator(const std::string& op) {
    auto spec = context_.spec(geometry_, op, bench::Unit::op);
    spec.layout = kernels::Layout::nhwc;
    auto work = bench::build_block(spec);
    OneOperator one{op, 0, {}, {}};
    if (const auto what = pool_of(bench::definition_of(op, geometry_))) {
      check_ours(*what, work, op);
      for (const auto& order : kOrders)
        one.ours.push_back(add(fmt::format("{}/ours/{}", op, order_name(order)),
                               [this, what = *what, order] { pool(what, order); }));
    }
    one.onednn = arms_.add(fmt::format("{}/{}/oneDNN", geometry_.name, op), std::move(work));
    operators_.push_back(std::move(one));
  }

  // Output rows shared out over the threads.
  void pool(PoolOf what, const ReadOrder& order) {
    const int rows = images_.out_rows();
#pragma omp parallel for num_threads(threads_) schedule(static, 1)
    for (int t = 0; t < threads_; ++t) {
      const auto at = [&](int thread) {
        return static_cast<int>(static_cast<std::int64_t>(rows) * thread / threads_);
      };
      pool_rows(what, images_, source_.data(), destination_.data(), at(t), at(t + 1), order);
    }
  }

  // oneDNN's source for ours, too; every order must give oneDNN's result, which build_block has checked.
  void check_ours(PoolOf what, bench::Work& work, const std::string& op) {
    work.run();
    const auto& source = work.buffers.source.front();
    const auto bytes = std::min(source.get_desc().get_size(), images_.source_floats() * sizeof(float));
    std::copy_n(static_cast<const float*>(source.get_data_handle()), bytes / sizeof(float), source_.begin());
    const auto* expected = static_cast<const float*>(work.buffers.destination.front().get_data_handle());
    for (const auto& order : kOrders) {
      std::ranges::fill(destination_, std::nanf(""));
      pool(what, order);
      for (std::size_t i = 0; i < destination_.size(); ++i) {
        if (!(std::abs(destination_[i] - expected[i]) <= 1e-5F * std::max(1.0F, std::abs(expected[i]))))
          throw bench::WrongResult(fmt::format("{} {} with {}: value {} is {} instead of {}: not timed",
                                               geometry_.name, op, order_name(order), i, destination_[i],
                                               expected[i]));
      }
    }
  }

  std::size_t add_read(int streams) {
    return add(fmt::format("read/{}", order_name({streams, 0})), [this, streams] {
      const std::size_t floats = images_.source_floats() / static_cast<std::size_t>(threads_);
      float most = 0;
#pragma omp parallel for num_threads(threads_) schedule(static, 1) reduction(max : most)
      for (int t = 0; t < threads_; ++t)
        most = std::max(most,
                        read_floats(source_.data() + floats * static_cast<std::size_t>(t), floats, streams));
      sink_ = most;
    });
  }

  std::size_t add_chains(int chains) {
    return add(fmt::format("chains/{}", chains), [this, chains] {
      std::size_t sum = 0;
#pragma omp parallel for num_threads(threads_) schedule(static, 1) reduction(+ : sum)
      for (int t = 0; t < threads_; ++t) sum += chains_->read(t, threads_, chains);
      sink_ = static_cast<float>(sum);
    });
  }

  double source_lines() const {
    return static_cast<double>(images_.source_floats()) * sizeof(float) / bench::LineChains::kLineBytes;
  }
  // ns between two lines of one thread when nothing overlaps.
  Interval latency_ns() const {
    return scaled(arms_.time_ns(followed_.front()), threads_ / static_cast<double>(chains_->lines()));
  }
  // Of one thread; the operator's source alone is counted.
  double lines_in_flight(double time_ns, double lines) const {
    return latency_ns().value * lines / threads_ / time_ns;
  }

  void add_row(ReportTable& table, const std::string& what, const std::string& how, std::size_t arm,
               double lines) const {
    const auto time = arms_.time_ns(arm);
    table.rows.push_back({what, how, time.value / 1e6, time.low / 1e6, time.high / 1e6,
                          lines * bench::LineChains::kLineBytes / time.value,
                          lines_in_flight(time.value, lines)});
  }

  void add_table() {
    ReportTable table{geometry_.name,
                      fmt::format("{}: {:.1f} MB of the operator's source, read in different ways",
                                  geometry_.name, source_lines() * bench::LineChains::kLineBytes / 1e6),
                      {{"what", ""},
                       {"how", ""},
                       {"time", "ms", 3},
                       {"low", "ms", 3},
                       {"high", "ms", 3},
                       {"read", "GB/s", 1},
                       {"lines in flight", "1/thread", 1}},
                      {}};
    for (const auto& one : operators_) {
      add_row(table, one.op, "oneDNN: " + arms_.work(one.onednn).label, one.onednn, source_lines());
      for (std::size_t i = 0; i < one.ours.size(); ++i)
        add_row(table, one.op, "ours, " + order_name(kOrders[i]), one.ours[i], source_lines());
    }
    for (std::size_t i = 0; i < reads_.size(); ++i)
      add_row(table, "plain read", order_name({kReadStreams[i], 0}), reads_[i], source_lines());
    for (std::size_t i = 0; i < followed_.size(); ++i)
      add_row(table, "dependent loads", fmt::format("chains: {}", kChains[i]), followed_[i],
              static_cast<double>(chains_->lines()));
    report_.tables.push_back(std::move(table));
  }

  std::size_t fastest_of(const std::vector<std::size_t>& arms) const {
    return *std::ranges::min_element(arms, {}, [&](std::size_t arm) { return arms_.time_ns(arm).value; });
  }

  void say_memory() {
    const auto latency = latency_ns();
    const auto most = arms_.ratio(followed_.front(), followed_.back());
    report_.findings.push_back(
        {fmt::format("parallelism/{}/latency", geometry_.name),
         fmt::format(
             "{}: a load from this much memory takes {}; {} chains of dependent loads are {} times as "
             "fast as one, a plain read has {:.1f} lines in flight in each thread.",
             geometry_.name, interval_text(latency, "ns", 0), kChains[std::size(kChains) - 1],
             interval_text(most, ""),
             lines_in_flight(arms_.time_ns(fastest_of(reads_)).value, source_lines())),
         "ns", latency, false});
  }

  void say_operator(const OneOperator& one) {
    const auto id = fmt::format("parallelism/{}/{}/", geometry_.name, one.op);
    const auto head = fmt::format("{} {}: ", geometry_.name, one.op);
    const auto read = arms_.ratio(fastest_of(reads_), one.onednn);
    report_.findings.push_back(
        {id + "read",
         fmt::format("{}oneDNN's kernel has {:.1f} lines in flight in each thread; the fastest plain read of "
                     "its source takes {} of its time.",
                     head, lines_in_flight(arms_.time_ns(one.onednn).value, source_lines()),
                     interval_text(read, "")),
         "times", read, false});
    if (!one.best) {
      report_.notes.push_back(head +
                              "no kernel of ours with streams: the maximum and the average alone have one");
      return;
    }
    const auto plain = one.ours.front();
    const auto which = static_cast<std::size_t>(std::ranges::find(one.ours, *one.best) - one.ours.begin());
    const auto gain = arms_.ratio(plain, *one.best), kernel = arms_.ratio(one.onednn, *one.best);
    report_.findings.push_back(
        {id + "streams",
         fmt::format("{}our kernel of the same reads is fastest with {}, {} times as fast as with one stream "
                     "and no prefetching.",
                     head, order_name(kOrders[which]), interval_text(gain, "")),
         "times", gain, false});
    report_.findings.push_back(
        {id + "kernel",
         fmt::format("{}oneDNN's kernel takes {} times as long as that.", head, interval_text(kernel, "")),
         "times", kernel, false});
    const auto waiting = arms_.combination_ns({{plain, 1}, {*one.best, -1}});
    report_.findings.push_back(
        {id + "waiting",
         fmt::format("{}more loads in flight save {} of our kernel's {:.2f} ms.", head,
                     interval_text(scaled(waiting, 1e-6), "ms"), arms_.time_ns(plain).value / 1e6),
         "ms", scaled(waiting, 1e-6), false});
  }

  ExplainContext& context_;
  ExperimentReport& report_;
  const bench::Geometry& geometry_;
  int threads_;
  PooledImages images_;
  std::vector<float> source_, destination_;
  std::unique_ptr<bench::LineChains> chains_;
  ArmSet arms_;
  std::vector<OneOperator> operators_;
  std::vector<std::size_t> reads_, followed_;
  volatile float sink_ = 0;
};

double time_in(const ReportTable& table, const std::string& what, const std::string& how) {
  for (const auto& row : table.rows)
    if (text_in(table, row, "what") == what && text_in(table, row, "how").starts_with(how))
      return number_in(table, row, "time");
  return NAN;
}

}  // namespace

void run_parallelism(ExplainContext& context, ExperimentReport& report) {
  if (context.options.layout != kernels::Layout::nhwc)
    report.notes.emplace_back("the reads are those of nhwc images, whatever --layout says");
  context.budget.expect_sets(static_cast<int>(context.geometries.size()));
  for (const auto& geometry : context.geometries) {
    if (context.pooled_variants(geometry).empty() || !context.has_time_for(geometry.name, report)) continue;
    context.progress(geometry.name + " in streams and chains");
    Parallelism(context, report, geometry).run();
  }
  report.notes.emplace_back(
      "lines in flight: a load's latency over the time between two lines (Little's law), of the source "
      "alone; "
      "dependent loads visit pages, and lines within a page, in random order");
}

// bandwidth: what the fastest plain read of the source takes. waiting: what more loads in flight save in our
// kernel. implementation: what our best kernel saves; where ours is slower it says nothing of oneDNN's.
std::vector<Evidence> evidence_of_parallelism(const ExperimentReport& report) {
  std::vector<Evidence> all;
  const std::string next =
      "parallelism with one thread (study explain --experiments parallelism --threads 1)";
  for (const auto& finding : report.findings) {
    const auto parts = parts_of_id(finding.id);
    if (parts.size() != 4) continue;
    const auto step = parts[1] + " " + parts[2];
    const auto* table = find_table(report, parts[1]);
    const double onednn = table == nullptr ? NAN : time_in(*table, parts[2], "oneDNN");
    if (parts[3] == "read") {
      all.push_back(
          {step, "bandwidth", share_of(finding.interval, 1), "the fastest plain read of its source", next});
    } else if (parts[3] == "waiting") {
      const double ours = table == nullptr ? NAN : time_in(*table, parts[2], "ours, 1 stream");
      all.push_back({step, "waiting", share_of(finding.interval, std::max(onednn, ours)),
                     "more streams and prefetching save it in the same reads of ours", next});
    } else if (parts[3] == "kernel") {
      const auto& ratio = finding.interval;  // oneDNN / ours
      const bool is_comparable = ratio.high * kComparable >= 1;
      const auto rest = [](double r) { return std::clamp(1 - 1 / r, 0.0, 1.0); };
      all.push_back({step, "implementation",
                     is_comparable ? Interval{rest(ratio.value), rest(ratio.low), rest(ratio.high)}
                                   : Interval{NAN, NAN, NAN},
                     is_comparable ? "a kernel of ours saves it on the same bytes"
                                   : "our kernel is slower than oneDNN's",
                     next});
    }
  }
  return all;
}

}  // namespace dsx::explain
