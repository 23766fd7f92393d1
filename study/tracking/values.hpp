// Metrics, parameters and tags on their way: points whose arrival is uncertain are looked up first, and an
// entry that the server will not or cannot take is found by halving, so that the others arrive.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>

#include "study/tracking/batches.hpp"
#include "study/tracking/connection.hpp"

namespace dsx::tracking {

class ValueSender {
 public:
  explicit ValueSender(Connection& connection) : connection_(connection) {}

  // Sends all records; throws TryAgain when some may have to be sent again. `unsure`: points may be there.
  void send(std::span<const Record> records, bool unsure);
  // What an earlier attempt set aside; `body` as it was kept.
  void send_again(const std::string& name, const Json& body);
  // The keys among those of `records` that the run on the server does not have, or not up to their last step.
  // Those that were refused or set aside do not count.
  std::set<std::string> missing(std::span<const Record> records, const ServerRun& run) const;

  std::size_t shortened() const { return shortened_; }
  bool may_have_arrived() const { return unsure_; }  // some of what send() was given, when it threw

 private:
  void send(const Batch& batch);
  void send_halves(const Batch& batch, int& most_failures);
  void note(const Batch& batch, const std::string& why, bool for_good);
  Batch without_known(const Batch& batch);

  Connection& connection_;
  bool unsure_ = false;
  std::size_t shortened_ = 0;
};

}  // namespace dsx::tracking
