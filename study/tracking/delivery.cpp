// The cursor moves only after an answer. What the server refuses, or cannot take, is noted and passed, so
// that one bad value does not hold back a run's end.
#include "study/tracking/delivery.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>

#include "kernels/base/error.hpp"

namespace dsx::tracking {
namespace {

namespace fs = std::filesystem;
constexpr const char* kLockName = ".tracking.lock";  // one sender per journal
constexpr const char* kNotShown = "not shown";       // of a value: sent, but not there
constexpr std::size_t kChunk = 200;                  // records that are sent, and marked as sent, together

std::string type_of(const Record& record) { return record.event.value("type", ""); }

std::string user_of(const std::vector<Record>& records) {
  for (const Record& record : records)
    if (type_of(record) == "tags" && record.event["values"].contains("mlflow.user"))
      return record.event["values"]["mlflow.user"].get<std::string>();
  return "";
}

// Characters beyond the Basic Multilingual Plane, of four bytes, become '?': MySQL's "utf8" has none.
std::string without_four_byte_characters(const std::string& text) {
  std::string plain;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0xF0)
      plain += '?';
    else if ((byte & 0xC0U) != 0x80U || !plain.ends_with('?'))
      plain += c;
  }
  return plain;
}

std::vector<Record> records_in(const fs::path& folder) {
  std::error_code error;
  if (!fs::is_regular_file(folder / kJournalName, error)) return {};
  return JournalReader(folder / kJournalName).read_new();
}

}  // namespace

Delivery::Delivery(fs::path folder, Credentials credentials, const std::atomic<bool>* stop,
                   DeliveryOptions options)
    : folder_(std::move(folder)), options_(std::move(options)), stop_(stop), reader_(folder_ / kJournalName) {
  read_journal();
  if (records_.empty() || type_of(records_.front()) != "begin")
    throw DataError((folder_ / kJournalName).string() + ": holds no run");
  user_ = user_of(records_);
  const std::string named = options_.server.empty() ? target_.url : options_.server;
  // A journal from elsewhere may name anything.
  const std::string url = parse_address(named, (folder_ / kJournalName).string()).url;
  ClientOptions client = client_options();
  if (client.workspace.empty()) client.workspace = target_.workspace;
  lock();  // the cursor is read under it
  connection_ = std::make_unique<Connection>(folder_, url, std::move(credentials), std::move(client), stop);
  values_ = std::make_unique<ValueSender>(*connection_);
  artifacts_ = std::make_unique<ArtifactSender>(*connection_, options_.read_back);
}

Delivery::~Delivery() {
  if (lock_ >= 0) ::close(lock_);
}

void Delivery::lock() {
  lock_ = ::open((folder_ / kLockName).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (lock_ < 0 || ::flock(lock_, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) return;
  ::close(lock_);
  lock_ = -1;
  throw OutputError(folder_.string() + ": another process is sending this run's journal; it sends all of it");
}

void Delivery::read_journal() {
  std::vector<Record> fresh = reader_.read_new();
  if (fresh.empty()) return;
  if (records_.empty()) identity_ = identity_of(fresh.front().event);
  for (Record& record : fresh) {
    if (type_of(record) == "server") target_ = target_of(record.event);
    // A run that somebody else began keeps its name and its makers.
    if (!identity_.run_id.empty() && type_of(record) == "tags") {
      Json others = Json::object();
      for (const auto& [key, value] : record.event["values"].items())
        if (!key.starts_with("mlflow.")) others[key] = value;
      record.event["values"] = others;
    }
    records_.push_back(std::move(record));
  }
  looked_ = compared_ = false;
  again_.reset();
  files_.reset();
}

// Final metrics whose run has not said how it ended wait, and all behind them.
std::size_t Delivery::ready() const {
  if (options_.always_compare) return records_.size();
  std::size_t last = records_.size();
  for (std::size_t i = last; i-- > 0 && type_of(records_[i]) != "status";)
    if (is_final_metrics(records_[i].event)) last = i;
  return last;
}

// Those of [first, last) that are to be sent: without final metrics of a run that did not finish then.
std::vector<Record> Delivery::valid(std::size_t first, std::size_t last) const {
  std::vector<Record> records;
  for (std::size_t i = first; i < last; ++i) {
    if (is_final_metrics(records_[i].event)) {
      const auto end = std::find_if(records_.begin() + static_cast<std::ptrdiff_t>(i), records_.end(),
                                    [](const Record& record) { return type_of(record) == "status"; });
      if (end == records_.end() || end->event.value("status", "") != "FINISHED") continue;
    }
    records.push_back(records_[i]);
  }
  return records;
}

DeliveryState Delivery::state() const {
  const Cursor& cursor = connection_->file.cursor;
  DeliveryState state;
  state.records = reader_.last_number();
  state.sent = cursor.number;
  for (const auto& [name, aside] : cursor.aside) state.aside[name] = aside.why;
  state.refused = cursor.refused;
  state.shortened = values_->shortened();
  state.compared = compared_;
  state.url = connection_->client.url();
  if (!cursor.run_id.empty())
    state.run_url =
        fmt::format("{}/#/experiments/{}/runs/{}", state.url, cursor.experiment_id, cursor.run_id);
  return state;
}

bool Delivery::step() {
  read_journal();
  const Cursor& cursor = connection_->file.cursor;
  const std::size_t most = ready();
  const bool is_end = is_over() || options_.always_compare;
  if (cursor.number >= most && (compared_ || !is_end)) return false;
  if (!connected_) {
    connect();
    return true;
  }
  if (cursor.number >= most) return compare_next();
  const Record& record = records_[cursor.number];
  if (goes_in_batches(record))
    send_chunk();
  else
    send_single(record);
  return true;
}

std::string Delivery::make_run() {
  if (!connected_) connect();
  return connection_->run.id;
}

std::string Delivery::experiment_id() {
  const std::string &name = target_.experiment, &id = target_.experiment_id;
  MlflowClient& client = connection_->client;
  if (id.empty()) return client.experiment_id(name);
  const auto refused = [&](const std::string& why) {
    return Refused(Refused::Kind::other,
                   fmt::format("{}: MLFLOW_EXPERIMENT_ID {}: {}", client.url(), shown(id), why));
  };
  ServerExperiment experiment;
  try {
    experiment = client.experiment(id);
  } catch (const Refused& error) {
    if (error.kind != Refused::Kind::not_found && error.kind != Refused::Kind::value) throw;
    throw refused("there is no such experiment");
  }
  if (experiment.deleted) throw refused("was deleted there; restore it, or name another one");
  if (!name.empty() && name != experiment.name)
    throw refused(fmt::format("is '{}' there, but MLFLOW_EXPERIMENT_NAME is '{}'", shown(experiment.name),
                              shown(name)));
  return id;
}

// MLFLOW_RUN_ID: a run that somebody else began. Its own experiment counts.
std::string Delivery::adopt_run() {
  const ServerRun run = connection_->living_run(identity_.run_id);
  connection_->file.cursor.experiment_id = run.experiment_id;
  connection_->client.set_status(run.id, "RUNNING", 0);
  return run.id;
}

std::string Delivery::create_run() {
  const std::string parent = parent_run_id();
  const std::string& experiment = connection_->file.cursor.experiment_id;
  Identity identity = identity_;
  try {
    return connection_->client.create_run(experiment, identity, parent, user_);
  } catch (const TryAgain& error) {
    identity.name = without_four_byte_characters(identity.name);
    if (identity.name == identity_.name || !error.may_have_arrived) throw;
    const std::string found = connection_->client.find_run(experiment, identity_.uid);
    return found.empty() ? connection_->client.create_run(experiment, identity, parent, user_) : found;
  }
}

// A parent that nobody sends is made here, for the cells that a workflow runs before its sweep.
std::string Delivery::parent_run_id() {
  if (identity_.parent.empty()) return "";
  MlflowClient& client = connection_->client;
  const fs::path folder = fs::absolute(folder_).lexically_normal().parent_path().parent_path();
  const std::vector<Record> parent = records_in(folder);
  const bool is_there = !parent.empty() && identity_of(parent.front().event).uid == identity_.parent;
  if (is_there)
    if (const std::string id = CursorFile(folder, client.url()).cursor.run_id; !id.empty()) return id;
  const std::string found = client.find_run(connection_->file.cursor.experiment_id, identity_.parent);
  if (!found.empty()) return found;
  const TryAgain not_yet(client.url() + ": the run's parent is not there yet", 0, false);
  if (!is_there) throw not_yet;
  try {
    return Delivery(folder, client.credentials(), stop_, {.server = client.url()}).make_run();
  } catch (const DataError&) {
    throw not_yet;  // no journal there
  } catch (const OutputError&) {
    throw not_yet;  // its own process, or another cell's, sends it
  }
}

// The run on the server: the one of the cursor, else the one with our tag, else a new one.
void Delivery::connect() {
  Cursor& cursor = connection_->file.cursor;
  if (!cursor.run_id.empty()) {
    connection_->run = connection_->living_run(cursor.run_id);
    unsure_ = connected_ = true;
    return;
  }
  std::string id;
  if (!identity_.run_id.empty()) {
    id = adopt_run();
    found_ = true;
  } else {
    cursor.experiment_id = experiment_id();
    id = connection_->client.find_run(cursor.experiment_id, identity_.uid);
    found_ = !id.empty();
    if (!found_) id = create_run();
  }
  unsure_ = found_;
  connection_->run = connection_->client.get_run(id);
  cursor.run_id = id;
  cursor.number = 0;
  connection_->file.save();
  connected_ = true;
}

void Delivery::advance(std::uint64_t number) {
  connection_->file.cursor.number = number;
  unsure_ = found_;
  connection_->file.save();
}

void Delivery::send_chunk() {
  const std::size_t first = connection_->file.cursor.number, most = std::min(ready(), first + kChunk);
  std::size_t last = first;
  while (last < most && goes_in_batches(records_[last])) ++last;
  const std::vector<Record> records = valid(first, last);
  try {
    values_->send(records, unsure_);
  } catch (const TryAgain&) {
    unsure_ = unsure_ || values_->may_have_arrived();
    throw;
  }
  advance(records_[last - 1].number);
}

void Delivery::send_single(const Record& record) {
  const Json& event = record.event;
  const std::string type = type_of(record);
  if (type == "input") send_input(event.value("dataset", Json::object()));
  if (type == "status") send_status(event);
  if (type == "artifact") {
    const std::string path = event.value("path", "");
    const bool named_again =
        std::any_of(records_.begin() + static_cast<std::ptrdiff_t>(record.number), records_.end(),
                    [&](const Record& other) {
                      return type_of(other) == "artifact" && other.event.value("path", "") == path;
                    });
    if (!named_again) artifacts_->send(path);
  }
  advance(record.number);  // begin and server: done by connect()
}

void Delivery::send_input(const Json& dataset) {
  const std::string name = "data set " + dataset.value("name", "");
  const std::pair<std::string, std::string> key{dataset.value("name", ""), dataset.value("digest", "")};
  connection_->attempt(name, {{"dataset", dataset}}, [&] {
    const std::string& id = connection_->run.id;
    if (connection_->client.get_run(id).inputs.count(key) == 0) connection_->client.log_input(id, dataset);
  });
}

void Delivery::send_status(const Json& event) {
  const std::string status = event.value("status", "FINISHED");
  connection_->attempt("status " + status, {{"status", event}}, [&] {
    connection_->client.set_status(connection_->run.id, status, event.value("time_ms", std::int64_t{0}));
  });
}

bool Delivery::is_over() const {
  for (auto record = records_.rbegin(); record != records_.rend(); ++record)
    if (type_of(*record) == "status") return record->event.value("status", "") != "RUNNING";
  return false;
}

// Values, data sets and statuses; artifacts come when the files are compared.
void Delivery::send_aside(const std::string& name) {
  const auto aside = connection_->file.cursor.aside.find(name);
  if (aside == connection_->file.cursor.aside.end() || !aside->second.body.is_object()) return;
  const Json body = aside->second.body;
  if (body.contains("dataset"))
    send_input(body["dataset"]);
  else if (body.contains("status"))
    send_status(body["status"]);
  else
    values_->send_again(name, body);
  connection_->file.save();
}

// A server that was set back to an older state gets all of it once more.
void Delivery::look_at_server() {
  Cursor& cursor = connection_->file.cursor;
  const ServerRun run = connection_->living_run(cursor.run_id);
  std::erase_if(cursor.aside, [](const auto& entry) { return entry.second.body == Json(kNotShown); });
  const std::set<std::string> missing = values_->missing(valid(0, records_.size()), run);
  if (!missing.empty() && !sent_anew_) {
    sent_anew_ = found_ = unsure_ = true;
    cursor.number = 0;
    again_.reset();
    return;
  }
  for (const std::string& name : missing)
    connection_->set_aside(name, connection_->client.url() + ": took it, but does not show it", kNotShown);
  if (is_over() && cursor.aside.empty()) {
    const auto last = std::find_if(records_.rbegin(), records_.rend(),
                                   [](const Record& record) { return type_of(record) == "status"; });
    if (!run.status.empty() && run.status != last->event.value("status", "")) send_status(last->event);
  }
  looked_ = true;
}

// One part of the end.
bool Delivery::compare_next() {
  Cursor& cursor = connection_->file.cursor;
  if (!again_) {
    again_.emplace();
    for (const auto& [name, aside] : cursor.aside) again_->push_back(name);
  }
  if (!again_->empty()) {
    send_aside(again_->back());
    again_->pop_back();
    return true;
  }
  if (!looked_) {
    look_at_server();
    return true;
  }
  if (!files_) {
    std::set<std::string> named;
    for (const Record& record : records_)
      if (type_of(record) == "artifact") named.insert(record.event.value("path", ""));
    files_ = artifacts_->files_of(named);
    artifacts_->forget_listings();
  }
  if (!files_->empty()) {
    artifacts_->compare(files_->back());
    files_->pop_back();
    connection_->file.save();
    return true;
  }
  compared_ = true;
  connection_->file.save();
  return false;
}

}  // namespace dsx::tracking
