// Works a journal off to its server, one request per step, so that the caller decides about waiting and
// stopping. Every step can be repeated: a run is found again by its tag, a point whose arrival is uncertain
// is looked up first, and parameters, tags, statuses and artifacts overwrite themselves.
#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "study/tracking/cursor.hpp"
#include "study/tracking/mlflow.hpp"

namespace dsx::tracking {

struct DeliveryState {
  std::uint64_t records = 0, sent = 0;  // of the journal
  std::set<std::string> left;           // artifacts that are not there
  std::uint64_t refused = 0;            // entries that the server will never take
  std::string refusal;                  // why: of an artifact or an entry
  std::size_t shortened = 0;            // keys and values cut to MLflow's limits
  std::string url, run_url;  // of the server, and where a browser sees the run ("" before it exists)
  bool complete() const { return sent == records && left.empty() && refused == 0; }
};

class Delivery {
 public:
  // `server`: another one than the journal names; "" for that. Throws DataError when the journal is
  // unreadable, OutputError when another process is sending it.
  Delivery(std::filesystem::path folder, Credentials credentials, const std::atomic<bool>* stop,
           const std::string& server = "");
  ~Delivery();
  Delivery(const Delivery&) = delete;
  Delivery& operator=(const Delivery&) = delete;

  // Does the next part; false when nothing is left to do. Throws TryAgain, Refused, or DataError for a
  // journal that is damaged further on.
  bool step();
  DeliveryState state() const;

 private:
  void connect();
  std::string parent_run_id(const std::string& uid);
  void send_chunk();
  void send_batch(const Batch& batch);
  Batch without_known(const Batch& batch);
  void send_single(const Record& record);
  void send_input(const Json& dataset);
  void send_artifact(const std::string& path);
  void upload_below(const std::filesystem::path& file);
  void refuse(const std::string& why);
  void advance(std::uint64_t number);

  std::filesystem::path folder_;
  int lock_ = -1;
  JournalReader reader_;
  std::vector<Record> records_;
  Identity identity_;
  std::string experiment_, user_;
  std::unique_ptr<MlflowClient> client_;
  std::optional<CursorFile> file_;
  std::optional<ServerRun> run_;
  bool found_ = false;           // the run was found by its tag: what it has is not known from the cursor
  bool unsure_ = false;          // the next points may be there already
  std::set<std::string> again_;  // artifacts left by an earlier delivery, tried once more
  std::set<std::filesystem::path> uploaded_;  // by this delivery
  std::size_t shortened_ = 0;
};

}  // namespace dsx::tracking
