// Redirects are not followed: they would turn a POST into a GET, or carry the credentials elsewhere.
#include "study/tracking/http.hpp"

#include <curl/curl.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <strings.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>

#include "kernels/base/error.hpp"

namespace dsx::tracking {
namespace {

constexpr long kConnectSeconds = 10, kStalledSeconds = 60;
constexpr std::size_t kMostBody = std::size_t{64} << 20U;  // a run's history is far smaller

void start_curl_once() {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

// Where an answer's body goes: to `hash` when there is one and the answer is a success.
struct BodySink {
  CURL* curl;
  std::string* body;
  data::Sha256* hash;
};
std::size_t on_body(const char* data, std::size_t, std::size_t size, void* target) {
  const auto& sink = *static_cast<BodySink*>(target);
  long status = 0;
  if (sink.hash != nullptr) curl_easy_getinfo(sink.curl, CURLINFO_RESPONSE_CODE, &status);
  if (status >= 200 && status < 300) {
    sink.hash->update({data, size});
    return size;
  }
  if (sink.body->size() + size > kMostBody) return 0;  // curl ends the request with an error
  sink.body->append(data, size);
  return size;
}

// The header's value when `line` is that header, else "".
std::string value_of(std::string_view line, std::string_view header) {
  if (line.size() <= header.size() || ::strncasecmp(line.data(), header.data(), header.size()) != 0)
    return "";
  line.remove_prefix(header.size());
  while (!line.empty() && (line.front() == ' ' || line.front() == '\t')) line.remove_prefix(1);
  while (!line.empty() && static_cast<unsigned char>(line.back()) <= ' ') line.remove_suffix(1);
  return std::string(line);
}

std::size_t on_header(const char* data, std::size_t, std::size_t size, void* target) {
  auto& answer = *static_cast<HttpAnswer*>(target);
  const double seconds = std::strtod(value_of({data, size}, "retry-after:").c_str(), nullptr);
  if (seconds > 0) answer.retry_after_s = seconds;  // a date gives 0: our own wait then
  if (std::string location = value_of({data, size}, "location:"); !location.empty()) {
    location = location.substr(0, location.find_first_of("?#"));
    const auto host = location.find("://"), at = location.rfind('@');
    if (host != std::string::npos && at != std::string::npos && at > host)
      location.erase(host + 3, at - host - 2);
    answer.location = location;
  }
  return size;
}

struct FileCloser {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
struct UploadSource {
  std::unique_ptr<std::FILE, FileCloser> file;
  data::Sha256 hash;
};
std::size_t on_read(char* data, std::size_t, std::size_t size, void* source) {
  auto& upload = *static_cast<UploadSource*>(source);
  const std::size_t got = std::fread(data, 1, size, upload.file.get());
  upload.hash.update({data, got});
  return got;
}

// curl asks for the beginning only, to send once more.
int on_seek(void* source, curl_off_t offset, int origin) {
  auto& upload = *static_cast<UploadSource*>(source);
  if (offset != 0 || origin != SEEK_SET || ::fseeko(upload.file.get(), 0, SEEK_SET) != 0)
    return CURL_SEEKFUNC_FAIL;
  upload.hash.restart();
  return CURL_SEEKFUNC_OK;
}

int on_progress(void* stop, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<const std::atomic<bool>*>(stop)->load() ? 1 : 0;
}

// The cells of a sweep are started with fork and exec: they must not inherit a connection.
int on_socket(void*, curl_socket_t socket, curlsocktype) {
  ::fcntl(socket, F_SETFD, FD_CLOEXEC);
  return CURL_SOCKOPT_OK;
}

struct ListCloser {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

}  // namespace

struct Http::Handle {
  CURL* curl = nullptr;
  char error[CURL_ERROR_SIZE] = {};
};

Http::Http(Credentials credentials, ClientOptions options, const std::atomic<bool>* stop)
    : handle_(std::make_unique<Handle>()),
      credentials_(std::move(credentials)),
      options_(std::move(options)),
      stop_(stop) {
  start_curl_once();
  handle_->curl = curl_easy_init();
  if (handle_->curl == nullptr) throw std::bad_alloc();
}

Http::~Http() { curl_easy_cleanup(handle_->curl); }

std::string Http::escaped(const std::string& text) {
  const std::unique_ptr<char, decltype(&curl_free)> out(
      curl_easy_escape(nullptr, text.c_str(), static_cast<int>(text.size())), &curl_free);
  return out ? out.get() : "";
}

void Http::set_credentials() {
  CURL* curl = handle_->curl;
  const Credentials& c = credentials_;
  if (!c.user.empty() && (!c.password.empty() || c.token.empty())) {
    curl_easy_setopt(curl, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
    curl_easy_setopt(curl, CURLOPT_USERNAME, c.user.c_str());
    curl_easy_setopt(curl, CURLOPT_PASSWORD, c.password.c_str());
  } else if (!c.token.empty()) {
    curl_easy_setopt(curl, CURLOPT_HTTPAUTH, CURLAUTH_BEARER);
    curl_easy_setopt(curl, CURLOPT_XOAUTH2_BEARER, c.token.c_str());
  }
  if (c.insecure_tls) {
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
  }
  std::error_code ignored;
  if (!c.server_cert.empty()) {
    const bool folder = std::filesystem::is_directory(c.server_cert, ignored);
    curl_easy_setopt(curl, folder ? CURLOPT_CAPATH : CURLOPT_CAINFO, c.server_cert.c_str());
  }
  if (!c.client_cert.empty()) curl_easy_setopt(curl, CURLOPT_SSLCERT, c.client_cert.c_str());
}

// curl takes http_proxy in small letters only, because a web server's CGI programs get HTTP_PROXY from their
// clients; Python's requests takes both, outside of CGI.
void Http::set_proxy(const std::string& url) {
  if (!url.starts_with("http://") || !environment_text("http_proxy").empty() ||
      !environment_text("REQUEST_METHOD").empty())
    return;
  if (const std::string proxy = environment_text("HTTP_PROXY"); !proxy.empty())
    curl_easy_setopt(handle_->curl, CURLOPT_PROXY, proxy.c_str());
}

void Http::set_limits(bool is_long) {
  CURL* curl = handle_->curl;
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
  if (is_long) {  // may take long, but not stand still
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, kStalledSeconds);
  } else {
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, options_.answer_s);
  }
  if (stop_ == nullptr) return;
  curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
  curl_easy_setopt(curl, CURLOPT_XFERINFODATA, const_cast<std::atomic<bool>*>(stop_));
}

HttpAnswer Http::perform(const std::string& url, const char* content_type, bool is_long, data::Sha256* hash) {
  CURL* curl = handle_->curl;
  HttpAnswer answer;
  const std::string type = fmt::format("Content-Type: {}", content_type);
  curl_slist* raw = curl_slist_append(nullptr, type.c_str());
  raw = curl_slist_append(raw, "Expect:");  // no pause before a body
  if (!options_.workspace.empty())
    raw = curl_slist_append(raw, ("X-MLFLOW-WORKSPACE: " + options_.workspace).c_str());
  const std::unique_ptr<curl_slist, ListCloser> headers(raw);
  BodySink sink{curl, &answer.body, hash};
  handle_->error[0] = '\0';
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "downscalexr");
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, handle_->error);
  curl_easy_setopt(curl, CURLOPT_SOCKOPTFUNCTION, on_socket);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &sink);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &answer);
  set_limits(is_long);
  set_proxy(url);
  set_credentials();
  const CURLcode code = curl_easy_perform(curl);
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer.status);
  if (!options_.respect_retry_after) answer.retry_after_s = 0;
  if (code == CURLE_OK) return answer;
  answer.status = 0;
  answer.error = handle_->error[0] != '\0' ? handle_->error : curl_easy_strerror(code);
  answer.stopped = code == CURLE_ABORTED_BY_CALLBACK;
  if (answer.stopped) answer.error = "stopped";
  answer.may_have_arrived = code != CURLE_COULDNT_RESOLVE_HOST && code != CURLE_COULDNT_RESOLVE_PROXY &&
                            code != CURLE_COULDNT_CONNECT && code != CURLE_SSL_CONNECT_ERROR &&
                            code != CURLE_PEER_FAILED_VERIFICATION;
  return answer;
}

// curl_easy_reset() keeps the connection and forgets everything else.
HttpAnswer Http::get(const std::string& url) {
  curl_easy_reset(handle_->curl);
  return perform(url, "application/json", false, nullptr);
}

HttpAnswer Http::get_digest(const std::string& url, data::FileDigest& got) {
  curl_easy_reset(handle_->curl);
  data::Sha256 hash;
  HttpAnswer answer = perform(url, "application/json", true, &hash);
  got.size = hash.size();
  got.sha256 = hash.hex();
  return answer;
}

HttpAnswer Http::post(const std::string& url, const std::string& json) {
  curl_easy_reset(handle_->curl);
  curl_easy_setopt(handle_->curl, CURLOPT_POST, 1L);
  // On a kept connection that has died, curl would send it a second time without a word.
  curl_easy_setopt(handle_->curl, CURLOPT_FRESH_CONNECT, 1L);
  curl_easy_setopt(handle_->curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(json.size()));
  curl_easy_setopt(handle_->curl, CURLOPT_POSTFIELDS, json.c_str());
  return perform(url, "application/json", false, nullptr);
}

HttpAnswer Http::put_file(const std::string& url, const std::filesystem::path& path, data::FileDigest& sent) {
  UploadSource source{std::unique_ptr<std::FILE, FileCloser>(std::fopen(path.c_str(), "rbe")), {}};
  struct stat status = {};
  if (!source.file || ::fstat(::fileno(source.file.get()), &status) != 0)
    throw DataError(fmt::format("{}: cannot be read: {}", path.string(), std::strerror(errno)));
  curl_easy_reset(handle_->curl);
  curl_easy_setopt(handle_->curl, CURLOPT_UPLOAD, 1L);
  curl_easy_setopt(handle_->curl, CURLOPT_READFUNCTION, on_read);
  curl_easy_setopt(handle_->curl, CURLOPT_READDATA, &source);
  curl_easy_setopt(handle_->curl, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(status.st_size));
  curl_easy_setopt(handle_->curl, CURLOPT_SEEKFUNCTION, on_seek);
  curl_easy_setopt(handle_->curl, CURLOPT_SEEKDATA, &source);
  HttpAnswer answer = perform(url, "application/octet-stream", true, nullptr);
  sent.size = source.hash.size();
  sent.sha256 = source.hash.hex();
  return answer;
}

}  // namespace dsx::tracking
