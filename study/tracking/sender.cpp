// `work_` means that step() has not yet said "nothing left"; `busy_` that a step is under way.
#include "study/tracking/sender.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <exception>

#include "kernels/base/clock.hpp"
#include "kernels/base/error.hpp"
#include "kernels/base/workers.hpp"

namespace dsx::tracking {
namespace {

constexpr auto kPauseWaits = std::chrono::seconds(2);
constexpr double kMostWaitAtEnd_s = 1;
constexpr auto kTick = std::chrono::milliseconds(50);

}  // namespace

Outcome deliver(Delivery& delivery, int most_failures, const std::function<bool()>& interrupted) {
  Outcome outcome;
  Backoff backoff;
  for (;;) {
    try {
      const bool more = delivery.step();
      backoff.succeeded();
      if (!more || interrupted()) break;
    } catch (const TryAgain& error) {
      outcome.problem = error.what();
      const auto until_ns = now_ns() + in_ns(backoff.next_s(error.retry_after_s));
      if (backoff.failures() >= most_failures) break;
      while (now_ns() < until_ns && !interrupted()) std::this_thread::sleep_for(kTick);
      if (interrupted()) break;
      outcome.problem.clear();
    } catch (const DataError& error) {
      outcome.problem = error.what();
      outcome.damaged = true;
      break;
    } catch (const std::exception& error) {  // refused
      outcome.problem = error.what();
      break;
    }
  }
  outcome.state = delivery.state();
  return outcome;
}

Sender::Sender(std::filesystem::path folder, const JournalWriter& journal, Credentials credentials,
               std::function<void(const std::string&)> say)
    : folder_(std::move(folder)),
      journal_(journal),
      credentials_(std::move(credentials)),
      say_(std::move(say)) {
  thread_ = start_thread("sending to the server", [this] { run(); });
}

Sender::~Sender() { end_thread(); }

void Sender::wake() {
  const std::lock_guard lock(mutex_);
  work_ = true;
  changed_.notify_all();
}

void Sender::pause() {
  std::unique_lock lock(mutex_);
  paused_ = true;
  changed_.wait_for(lock, kPauseWaits, [this] { return !busy_; });
}

void Sender::resume() {
  const std::lock_guard lock(mutex_);
  paused_ = false;
  changed_.notify_all();
}

void Sender::run() {
  std::unique_lock lock(mutex_);
  while (!stop_) {
    if (!work_ || paused_ || given_up_) {
      changed_.wait(lock);
    } else if (const auto left_ns = not_before_ns_ - now_ns(); left_ns > 0) {
      changed_.wait_for(lock, std::chrono::nanoseconds(left_ns));
    } else {
      busy_ = true;
      work_ = false;  // unless a record comes meanwhile, or the step says that there is more
      lock.unlock();
      attempt();
      lock.lock();
      busy_ = false;
      changed_.notify_all();
    }
  }
}

// One step, and what is to be done next.
void Sender::attempt() {
  bool more = true, give_up = false;
  double wait_s = 0;
  std::string problem;
  try {
    journal_.sync();
    if (!delivery_) delivery_.emplace(folder_, credentials_, &stop_);
    more = delivery_->step();
    backoff_.succeeded();
  } catch (const TryAgain& error) {
    wait_s = backoff_.next_s(error.retry_after_s);
    problem = error.what();
  } catch (const OutputError& error) {  // another process is sending this journal
    wait_s = backoff_.next_s();
    problem = error.what();
  } catch (const std::exception& error) {
    give_up = true;
    problem = error.what();
  }
  const std::lock_guard lock(mutex_);
  if (finishing_) wait_s = std::min(wait_s, kMostWaitAtEnd_s);
  if (problem.empty() || problem_.empty()) failing_since_ns_ = now_ns();
  work_ = work_ || more;
  problem_ = problem;
  given_up_ = give_up;
  not_before_ns_ = now_ns() + in_ns(wait_s);
  // A server that is only slow to start, or a parent that comes in a moment, is no news.
  const bool is_news = give_up || backoff_.failures() >= 2;
  if (!problem.empty() && is_news && !said_ && !stop_) {
    said_ = true;
    say_(problem);
  }
}

void Sender::end_thread() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

Outcome Sender::finish(double most_s, double failing_s) {
  const Stopwatch watch;
  {
    std::unique_lock lock(mutex_);
    paused_ = false;
    said_ = true;  // the outcome will tell
    finishing_ = true;
    failing_since_ns_ = now_ns();
    if (!given_up_) not_before_ns_ = 0;
    changed_.notify_all();
    const auto all_sent = [this] { return given_up_ || (!work_ && !busy_); };
    const auto is_hopeless = [this, failing_s] {
      return !problem_.empty() && now_ns() - failing_since_ns_ > in_ns(failing_s);
    };
    while (!all_sent() && watch.elapsed_s() < most_s && !is_hopeless()) changed_.wait_for(lock, kTick);
  }
  end_thread();
  Outcome outcome;
  outcome.problem = problem_ == "" || problem_.ends_with(": stopped") ? "" : problem_;
  if (delivery_) {
    outcome.state = delivery_->state();
  } else {
    outcome.state.records = 1;  // nothing is known to have arrived
  }
  return outcome;
}

}  // namespace dsx::tracking
