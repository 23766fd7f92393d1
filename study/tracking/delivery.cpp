// The cursor moves only after an answer. What the server refuses for good is counted and passed, so that one
// bad value does not hold back a run's end.
#include "study/tracking/delivery.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <map>

#include "kernels/base/error.hpp"

namespace dsx::tracking {
namespace {

namespace fs = std::filesystem;
constexpr const char* kLockName = ".tracking.lock";  // one sender per journal
constexpr std::size_t kChunk = 200;                  // records that are sent, and marked as sent, together

// A journal from elsewhere must not make us send files that are not the run's.
bool is_below(const fs::path& file, const fs::path& folder) {
  std::error_code error;
  const fs::path whole = fs::weakly_canonical(file, error), base = fs::weakly_canonical(folder, error);
  return !error && std::mismatch(base.begin(), base.end(), whole.begin(), whole.end()).first == base.end();
}

std::vector<fs::path> files_of(const fs::path& path) {
  std::error_code error;
  if (fs::is_regular_file(path, error)) return {path};
  std::vector<fs::path> files;
  for (fs::recursive_directory_iterator it(path, error), end; !error && it != end; it.increment(error))
    if (it->is_regular_file(error) && !it->path().filename().string().starts_with("."))
      files.push_back(it->path());
  std::sort(files.begin(), files.end());
  return files;
}

std::string user_of(const std::vector<Record>& records) {
  for (const Record& record : records)
    if (record.event.value("type", "") == "tags" && record.event["values"].contains("mlflow.user"))
      return record.event["values"]["mlflow.user"].get<std::string>();
  return "";
}

}  // namespace

Delivery::Delivery(fs::path folder, Credentials credentials, const std::atomic<bool>* stop,
                   const std::string& server)
    : folder_(std::move(folder)), reader_(folder_ / kJournalName) {
  records_ = reader_.read_new();
  if (records_.empty() || records_.front().event.value("type", "") != "begin")
    throw DataError((folder_ / kJournalName).string() + ": holds no run");
  identity_ = identity_of(records_.front().event);
  user_ = user_of(records_);
  std::string url = server;
  for (const Record& record : records_)
    if (record.event.value("type", "") == "server") {
      experiment_ = record.event.value("experiment", "");
      if (server.empty()) url = record.event.value("url", "");
    }
  // A journal from elsewhere may name anything.
  url = parse_address(url, (folder_ / kJournalName).string()).url;
  client_ = std::make_unique<MlflowClient>(url, std::move(credentials), stop);
  lock_ = ::open((folder_ / kLockName).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (lock_ >= 0 && ::flock(lock_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    ::close(lock_);
    throw OutputError(folder_.string() +
                      ": another process is sending this run's journal; it sends all of it");
  }
  file_.emplace(folder_, url);  // only under the lock
  again_ = file_->cursor.left;
}

Delivery::~Delivery() {
  if (lock_ >= 0) ::close(lock_);
}

DeliveryState Delivery::state() const {
  const Cursor& cursor = file_->cursor;
  DeliveryState state{reader_.last_number(), cursor.number, cursor.left,    cursor.refused,
                      cursor.refusal,        shortened_,    client_->url(), ""};
  if (!cursor.run_id.empty())
    state.run_url =
        fmt::format("{}/#/experiments/{}/runs/{}", client_->url(), cursor.experiment_id, cursor.run_id);
  return state;
}

bool Delivery::step() {
  for (Record& record : reader_.read_new()) records_.push_back(std::move(record));
  const Cursor& cursor = file_->cursor;
  if (cursor.number >= records_.size() && again_.empty()) return false;
  if (!run_) {
    connect();
  } else if (cursor.number < records_.size()) {
    const Record& record = records_[cursor.number];
    if (goes_in_batches(record))
      send_chunk();
    else
      send_single(record);
  } else {
    const std::string path = *again_.begin();
    send_artifact(path);
    again_.erase(path);
    file_->save();
  }
  return true;
}

std::string Delivery::parent_run_id(const std::string& uid) {
  const std::string id = client_->find_run(file_->cursor.experiment_id, uid);
  if (id.empty())
    throw TryAgain(fmt::format("{}: the run's parent is not there yet", client_->url()), 0, false);
  return id;
}

// The run on the server: the one of the cursor, else the one with our tag, else a new one.
void Delivery::connect() {
  Cursor& cursor = file_->cursor;
  if (!cursor.run_id.empty()) {
    try {
      run_ = client_->get_run(cursor.run_id);
    } catch (const Refused& refused) {
      if (refused.kind != Refused::Kind::not_found) throw;
    }
    if (!run_ || run_->deleted) {
      run_.reset();
      throw Refused(Refused::Kind::other,
                    fmt::format("{}: run {} was deleted there; restore it, or remove {} to send the run anew",
                                client_->url(), cursor.run_id, (folder_ / "tracking.sent.json").string()));
    }
    unsure_ = true;
    return;
  }
  cursor.experiment_id = client_->experiment_id(experiment_);
  std::string id = client_->find_run(cursor.experiment_id, identity_.uid);
  found_ = unsure_ = !id.empty();
  if (!found_) {
    const std::string parent = identity_.parent.empty() ? "" : parent_run_id(identity_.parent);
    id = client_->create_run(cursor.experiment_id, identity_, parent, user_);
  }
  run_ = client_->get_run(id);
  cursor.run_id = id;
  cursor.number = 0;
  file_->save();
}

void Delivery::advance(std::uint64_t number) {
  file_->cursor.number = number;
  unsure_ = found_;
  file_->save();
}

void Delivery::send_chunk() {
  const auto first = records_.begin() + static_cast<std::ptrdiff_t>(file_->cursor.number);
  auto last = first;
  while (last != records_.end() && last - first < static_cast<std::ptrdiff_t>(kChunk) &&
         goes_in_batches(*last))
    ++last;
  const Batches batches = batches_of({first, last});
  for (const Batch& batch : batches.batches) send_batch(batch);
  shortened_ += batches.shortened;
  advance((last - 1)->number);
}

// The points of `batch` that the server does not have.
Batch Delivery::without_known(const Batch& batch) {
  std::map<std::string, std::set<std::pair<std::int64_t, std::int64_t>>> points;
  Batch rest = batch;
  rest.metrics = Json::array();
  for (const Json& metric : batch.metrics) {
    const auto key = metric["key"].get<std::string>();
    const auto [known, first] = points.try_emplace(key);
    if (first) known->second = client_->metric_points(run_->id, key);
    if (known->second.count({metric["step"].get<std::int64_t>(), metric["timestamp"].get<std::int64_t>()}) ==
        0)
      rest.metrics.push_back(metric);
  }
  return rest;
}

// The entries that the server refuses are found by halving, so that the others arrive.
void Delivery::send_batch(const Batch& whole) {
  const Batch batch = unsure_ ? without_known(whole) : whole;
  if (batch.entries() == 0) return;
  try {
    client_->log_batch(run_->id, batch);
    return;
  } catch (const TryAgain& error) {
    unsure_ = unsure_ || error.may_have_arrived;
    throw;
  } catch (const Refused& refused) {
    if (refused.kind != Refused::Kind::value && refused.kind != Refused::Kind::too_large) throw;
    if (batch.entries() == 1) return refuse(refused.what());
  }
  Batch halves[2];
  std::size_t number = 0;
  for (Json Batch::*array : {&Batch::metrics, &Batch::params, &Batch::tags})
    for (const Json& entry : batch.*array) (halves[2 * number++ / batch.entries()].*array).push_back(entry);
  for (const Batch& half : halves) send_batch(half);
}

void Delivery::refuse(const std::string& why) {
  if (file_->cursor.refused++ == 0) file_->cursor.refusal = why;
}

void Delivery::send_single(const Record& record) {
  const Json& event = record.event;
  const std::string type = event.value("type", "");
  if (type == "input") send_input(event.value("dataset", Json::object()));
  if (type == "artifact") send_artifact(event.value("path", ""));
  if (type == "status")
    client_->set_status(run_->id, event.value("status", "FINISHED"), event.value("time_ms", std::int64_t{0}));
  advance(record.number);  // begin and server: done by connect()
}

void Delivery::send_input(const Json& dataset) {
  try {
    const std::pair<std::string, std::string> key{dataset.value("name", ""), dataset.value("digest", "")};
    if (client_->get_run(run_->id).inputs.count(key) == 0) client_->log_input(run_->id, dataset);
  } catch (const Refused& refused) {  // MLflow before 2.4 has no inputs
    if (refused.kind == Refused::Kind::credentials) throw;
    refuse(refused.what());
  }
}

void Delivery::send_artifact(const std::string& path) {
  file_->cursor.left.erase(path);
  const fs::path file = folder_ / path;
  const std::vector<fs::path> files = is_below(file, folder_) ? files_of(file) : std::vector<fs::path>{};
  try {
    if (files.empty()) throw DataError(file.string() + ": is not there");
    for (const fs::path& one : files) upload_below(one);
  } catch (const DataError& error) {
    refuse(error.what());
  } catch (const Refused& refused) {
    if (refused.kind == Refused::Kind::credentials) throw;
    file_->cursor.left.insert(path);
    file_->cursor.refusal = refused.what();
  }
}

void Delivery::upload_below(const fs::path& file) {
  if (uploaded_.count(file) != 0) return;
  client_->upload(*run_, file.lexically_relative(folder_).string(), file);
  uploaded_.insert(file);
}

}  // namespace dsx::tracking
