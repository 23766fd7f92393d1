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
constexpr long kAnswerSeconds = 120;                       // as MLflow's own client waits
constexpr std::size_t kMostBody = std::size_t{64} << 20U;  // a run's history is far smaller

void start_curl_once() {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

std::size_t on_body(const char* data, std::size_t, std::size_t size, void* target) {
  auto& body = *static_cast<std::string*>(target);
  if (body.size() + size > kMostBody) return 0;  // curl ends the request with an error
  body.append(data, size);
  return size;
}

std::size_t on_header(const char* data, std::size_t, std::size_t size, void* target) {
  static constexpr std::size_t kHeader = sizeof("retry-after:") - 1;
  if (size > kHeader && ::strncasecmp(data, "retry-after:", kHeader) == 0) {
    const double seconds = std::strtod(std::string(data + kHeader, size - kHeader).c_str(), nullptr);
    if (seconds > 0) *static_cast<double*>(target) = seconds;  // a date gives 0: our own wait then
  }
  return size;
}

std::size_t on_read(char* data, std::size_t, std::size_t size, void* source) {
  return std::fread(data, 1, size, static_cast<std::FILE*>(source));
}

int on_seek(void* source, curl_off_t offset, int origin) {
  return ::fseeko(static_cast<std::FILE*>(source), offset, origin) == 0 ? CURL_SEEKFUNC_OK
                                                                        : CURL_SEEKFUNC_FAIL;
}

int on_progress(void* stop, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<const std::atomic<bool>*>(stop)->load() ? 1 : 0;
}

// The cells of a sweep are started with fork and exec: they must not inherit a connection.
int on_socket(void*, curl_socket_t socket, curlsocktype) {
  ::fcntl(socket, F_SETFD, FD_CLOEXEC);
  return CURL_SOCKOPT_OK;
}

struct FileCloser {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
struct ListCloser {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

}  // namespace

struct Http::Handle {
  CURL* curl = nullptr;
  char error[CURL_ERROR_SIZE] = {};
};

Http::Http(Credentials credentials, const std::atomic<bool>* stop)
    : handle_(std::make_unique<Handle>()), credentials_(std::move(credentials)), stop_(stop) {
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

void Http::set_limits(bool is_upload) {
  CURL* curl = handle_->curl;
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
  if (is_upload) {  // may take long, but not stand still
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, kStalledSeconds);
  } else {
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, kAnswerSeconds);
  }
  if (stop_ == nullptr) return;
  curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
  curl_easy_setopt(curl, CURLOPT_XFERINFODATA, const_cast<std::atomic<bool>*>(stop_));
}

HttpAnswer Http::perform(const std::string& url, const char* content_type, bool is_upload) {
  CURL* curl = handle_->curl;
  HttpAnswer answer;
  const std::string type = fmt::format("Content-Type: {}", content_type);
  curl_slist* raw = curl_slist_append(nullptr, type.c_str());
  raw = curl_slist_append(raw, "Expect:");  // no pause before a body
  const std::unique_ptr<curl_slist, ListCloser> headers(raw);
  handle_->error[0] = '\0';
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "downscalexr");
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, handle_->error);
  curl_easy_setopt(curl, CURLOPT_SOCKOPTFUNCTION, on_socket);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer.body);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &answer.retry_after_s);
  set_limits(is_upload);
  set_credentials();
  const CURLcode code = curl_easy_perform(curl);
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer.status);
  if (code == CURLE_OK) return answer;
  answer.status = 0;
  answer.error = handle_->error[0] != '\0' ? handle_->error : curl_easy_strerror(code);
  if (code == CURLE_ABORTED_BY_CALLBACK) answer.error = "stopped";
  answer.may_have_arrived = code != CURLE_COULDNT_RESOLVE_HOST && code != CURLE_COULDNT_RESOLVE_PROXY &&
                            code != CURLE_COULDNT_CONNECT && code != CURLE_SSL_CONNECT_ERROR &&
                            code != CURLE_PEER_FAILED_VERIFICATION;
  return answer;
}

// curl_easy_reset() keeps the connection and forgets everything else.
HttpAnswer Http::get(const std::string& url) {
  curl_easy_reset(handle_->curl);
  return perform(url, "application/json", false);
}

HttpAnswer Http::post(const std::string& url, const std::string& json) {
  curl_easy_reset(handle_->curl);
  curl_easy_setopt(handle_->curl, CURLOPT_POST, 1L);
  // On a kept connection that has died, curl would send it a second time without a word.
  curl_easy_setopt(handle_->curl, CURLOPT_FRESH_CONNECT, 1L);
  curl_easy_setopt(handle_->curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(json.size()));
  curl_easy_setopt(handle_->curl, CURLOPT_POSTFIELDS, json.c_str());
  return perform(url, "application/json", false);
}

HttpAnswer Http::put_file(const std::string& url, const std::filesystem::path& path) {
  const std::unique_ptr<std::FILE, FileCloser> file(std::fopen(path.c_str(), "rbe"));
  struct stat status = {};
  if (!file || ::fstat(::fileno(file.get()), &status) != 0)
    throw DataError(fmt::format("{}: cannot be read: {}", path.string(), std::strerror(errno)));
  curl_easy_reset(handle_->curl);
  curl_easy_setopt(handle_->curl, CURLOPT_UPLOAD, 1L);
  curl_easy_setopt(handle_->curl, CURLOPT_READFUNCTION, on_read);
  curl_easy_setopt(handle_->curl, CURLOPT_READDATA, file.get());
  curl_easy_setopt(handle_->curl, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(status.st_size));
  curl_easy_setopt(handle_->curl, CURLOPT_SEEKFUNCTION, on_seek);
  curl_easy_setopt(handle_->curl, CURLOPT_SEEKDATA, file.get());
  return perform(url, "application/octet-stream", true);
}

}  // namespace dsx::tracking
