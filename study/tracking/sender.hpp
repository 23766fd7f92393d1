// The thread that sends a run's journal while the run continues. The run never waits for it, except at its
// end and for a bounded time.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "study/tracking/backoff.hpp"
#include "study/tracking/delivery.hpp"

namespace dsx::tracking {

// What has become of a journal.
struct Outcome {
  DeliveryState state;
  std::string problem;   // what keeps the rest from arriving; "" for nothing, or not enough time
  bool damaged = false;  // the journal is; what stands before the damage is sent
};

// Sends until all has arrived, or `most_failures` attempts in a row were in vain, or the server refuses. For
// `study sync`.
Outcome deliver(Delivery& delivery, int most_failures, const std::function<bool()>& interrupted);

class Sender {
 public:
  // `say` gets at most one line, from the sender's thread, when the server cannot be reached or refuses.
  Sender(std::filesystem::path folder, const JournalWriter& journal, Credentials credentials,
         std::function<void(const std::string&)> say);
  ~Sender();  // at once; what is under way is sent again another time
  Sender(const Sender&) = delete;
  Sender& operator=(const Sender&) = delete;

  void wake();  // there are new records
  // No request is begun until resume(): for measurements. Waits a moment for the one that is under way.
  void pause();
  void resume();

  // Waits until all has arrived: at most `most_s`, and `failing_s` when the server cannot be reached. Ends
  // the thread.
  Outcome finish(double most_s, double failing_s);

 private:
  void run();
  void attempt();
  void end_thread();

  std::filesystem::path folder_;
  const JournalWriter& journal_;
  Credentials credentials_;
  std::function<void(const std::string&)> say_;
  std::optional<Delivery> delivery_;  // the thread's
  Backoff backoff_;

  std::atomic<bool> stop_ = false;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool work_ = true, paused_ = false, busy_ = false, given_up_ = false, said_ = false;
  bool finishing_ = false;  // shorter waits: someone waits for us
  std::int64_t not_before_ns_ = 0, failing_since_ns_ = 0;
  std::string problem_;
  std::jthread thread_;
};

}  // namespace dsx::tracking
