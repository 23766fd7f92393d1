// Works a journal off to its server, one request or file per step, so that the caller decides about waiting
// and stopping. Every step can be repeated: a run is found again by its tag, a point whose arrival is
// uncertain is looked up first, and parameters, tags, statuses and artifacts overwrite themselves. When the
// run is over, the server is asked whether it holds all of it.
#pragma once

#include <atomic>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "study/tracking/artifacts.hpp"
#include "study/tracking/connection.hpp"
#include "study/tracking/values.hpp"

namespace dsx::tracking {

struct DeliveryState {
  std::uint64_t records = 0, sent = 0;         // of the journal
  std::map<std::string, std::string> aside;    // what could not be sent though the rest could, and why
  std::map<std::string, std::string> refused;  // what the server will never take, and why
  std::size_t shortened = 0;                   // keys and values cut to MLflow's limits
  bool compared = false;                       // the server was asked in the end, and has it
  std::string url, run_url;  // of the server, and where a browser sees the run ("" before it exists)
  bool complete() const { return sent == records && aside.empty() && refused.empty() && compared; }
};

struct DeliveryOptions {
  std::string server = {};      // another one than the journal names; "" for that
  bool always_compare = false;  // also when the journal does not say that its run is over
  ReadBack read_back = ReadBack::never;
};

class Delivery {
 public:
  // Throws DataError when the journal is unreadable, OutputError when another process is sending it.
  Delivery(std::filesystem::path folder, Credentials credentials, const std::atomic<bool>* stop,
           DeliveryOptions options = {});
  ~Delivery();
  Delivery(const Delivery&) = delete;
  Delivery& operator=(const Delivery&) = delete;

  // Does the next part; false when nothing is left to do. Throws TryAgain, Refused, or DataError for a
  // journal that is damaged further on.
  bool step();
  DeliveryState state() const;

  // The run's id on the server, where it is made when there is none yet; nothing else is sent.
  std::string make_run();

 private:
  void read_journal();
  std::size_t ready() const;
  std::vector<Record> valid(std::size_t first, std::size_t last) const;
  void lock();
  void connect();
  std::string experiment_id();
  std::string adopt_run();
  std::string create_run();
  std::string parent_run_id();
  void send_chunk();
  void send_single(const Record& record);
  void send_input(const Json& dataset);
  void send_status(const Json& event);
  void send_aside(const std::string& name);
  bool is_over() const;
  void look_at_server();
  bool compare_next();
  void advance(std::uint64_t number);

  std::filesystem::path folder_;
  DeliveryOptions options_;
  const std::atomic<bool>* stop_;
  int lock_ = -1;
  JournalReader reader_;
  std::vector<Record> records_;
  Identity identity_;
  Target target_;  // of the last server record
  std::string user_;
  std::unique_ptr<Connection> connection_;
  std::unique_ptr<ValueSender> values_;
  std::unique_ptr<ArtifactSender> artifacts_;
  bool connected_ = false;
  bool found_ = false;   // the run was found by its tag: what it has is not known from the cursor
  bool unsure_ = false;  // the next points may be there already

  // The end: what was set aside, once more; then run and values; then file by file.
  bool looked_ = false, compared_ = false, sent_anew_ = false;
  std::optional<std::vector<std::string>> again_, files_;
};

}  // namespace dsx::tracking
