// The checksum is of number and event as this program writes them (sorted keys, shortest numbers), so that
// reading and writing again gives the same text.
#include "study/tracking/journal.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <optional>

#include "data/io/files.hpp"
#include "kernels/base/error.hpp"
#include "kernels/base/json_text.hpp"

namespace dsx::tracking {
namespace {

constexpr std::size_t kChecksumDigits = 16;
constexpr std::uint64_t kMaxJournalBytes = std::uint64_t{1} << 30;

std::string dump(const Json& json) { return json_text(json); }

std::string checksum_of(std::uint64_t number, const std::string& event) {
  return data::sha256_hex(fmt::format("{} {}", number, event)).substr(0, kChecksumDigits);
}

// Nothing when it is no whole record.
std::optional<Record> record_of(const std::string& line) {
  const Json json = Json::parse(line, nullptr, false);
  if (!json.is_object() || !json.contains("seq") || !json["seq"].is_number_unsigned() ||
      !json.contains("event") || !json["event"].is_object() ||
      json["event"].value("type", Json()).is_string() == false)
    return std::nullopt;
  Record record{json["seq"].get<std::uint64_t>(), json["event"]};
  if (json.value("sum", Json()) != Json(checksum_of(record.number, dump(record.event)))) return std::nullopt;
  return record;
}

}  // namespace

std::string line_of(const Record& record) {
  const std::string event = dump(record.event);
  return fmt::format("{{\"seq\":{},\"sum\":\"{}\",\"event\":{}}}\n", record.number,
                     checksum_of(record.number, event), event);
}

std::vector<Record> JournalReader::read_new() {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path_, error))
    throw DataError(path_.string() + ": is not a journal of a tracked run");
  const auto size = std::filesystem::file_size(path_, error);
  if (error || size > kMaxJournalBytes)
    throw DataError(path_.string() + ": cannot be read, or is too large for a journal");
  std::ifstream file(path_, std::ios::binary);
  file.seekg(static_cast<std::streamoff>(bytes_));
  std::string text(size > bytes_ ? size - bytes_ : 0, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file && !file.eof()) throw DataError(path_.string() + ": cannot be read");
  text.resize(static_cast<std::size_t>(file.gcount()));

  std::vector<Record> records;
  std::size_t at = 0;
  for (std::size_t end; (end = text.find('\n', at)) != std::string::npos; at = end + 1) {
    std::optional<Record> record = record_of(text.substr(at, end - at));
    if (!record || record->number != number_ + 1) {
      if (end + 1 == text.size())
        break;  // the last one: a power cut may keep its '\n' and lose what stood before
      throw DataError(
          fmt::format("{}: damaged behind record {}; what follows it is not sent", path_.string(), number_));
    }
    number_ = record->number;
    bytes_ += end + 1 - at;
    records.push_back(std::move(*record));
  }
  torn_ = text.size() - at;
  return records;
}

JournalWriter::JournalWriter(const std::filesystem::path& path) : path_(path) {
  descriptor_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (descriptor_ < 0)
    throw OutputError(fmt::format("{}: cannot be written: {}", path.string(), std::strerror(errno)));
  // Belongs to the open file, so that the process's other readers do not drop it; file systems without do
  // without.
  struct flock lock = {};
  lock.l_type = F_WRLCK;
  if (::fcntl(descriptor_, F_OFD_SETLK, &lock) != 0 && (errno == EAGAIN || errno == EACCES)) {
    ::close(descriptor_);
    throw JournalBusy(path.string() + ": another process is writing this journal");
  }
  try {
    read_before();
  } catch (...) {
    ::close(descriptor_);
    throw;
  }
}

// What is there already, less a torn end.
void JournalWriter::read_before() {
  struct stat status = {};
  if (::fstat(descriptor_, &status) != 0 || !S_ISREG(status.st_mode)) return;
  JournalReader reader(path_);
  before_ = reader.read_new();
  bytes_ = reader.whole_bytes();
  number_ = reader.last_number();
  if (static_cast<std::uint64_t>(status.st_size) > bytes_ &&
      ::ftruncate(descriptor_, static_cast<off_t>(bytes_)) != 0)
    throw OutputError(
        fmt::format("{}: its torn end cannot be cut off: {}", path_.string(), std::strerror(errno)));
}

JournalWriter::~JournalWriter() { ::close(descriptor_); }

void JournalWriter::append(const std::vector<Json>& events) {
  std::string text;
  std::uint64_t number = number_;
  for (const Json& event : events) text += line_of({++number, event});
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t put = ::write(descriptor_, text.data() + done, text.size() - done);
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) {
      const int error = put < 0 ? errno : ENOSPC;
      if (::ftruncate(descriptor_, static_cast<off_t>(bytes_)) != 0) {
        // The torn end is recognised by its checksum.
      }
      throw OutputError(fmt::format("{}: cannot be written: {}", path_.string(), std::strerror(error)));
    }
    done += static_cast<std::size_t>(put);
  }
  bytes_ += text.size();
  number_ = number;
}

void JournalWriter::sync() const noexcept { ::fdatasync(descriptor_); }

}  // namespace dsx::tracking
