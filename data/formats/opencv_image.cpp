// OpenCV (4.6) writes about damaged files to std::cerr and through its own log.
#include "data/formats/opencv_image.hpp"

#include <iostream>
#include <opencv2/core/utils/logger.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <streambuf>

#include "kernels/base/error.hpp"

namespace dsx::data {
namespace {

// std::cerr's buffer, deaf to the threads that ask for it: OpenCV's decoders write there about damaged files,
// whatever its log level. All other threads' output passes through.
class MutableBuffer : public std::streambuf {
 public:
  explicit MutableBuffer(std::streambuf* target) : target_(target) {}
  static bool& muted() {
    thread_local bool value = false;
    return value;
  }

 protected:
  int_type overflow(int_type c) override {
    if (muted() || traits_type::eq_int_type(c, traits_type::eof())) return traits_type::not_eof(c);
    return target_->sputc(traits_type::to_char_type(c));
  }
  std::streamsize xsputn(const char* text, std::streamsize count) override {
    return muted() ? count : target_->sputn(text, count);
  }
  int sync() override { return muted() ? 0 : target_->pubsync(); }

 private:
  std::streambuf* target_;
};

struct SilenceOpenCv {
  SilenceOpenCv() {
    static const bool installed = [] {
      cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
      cv::redirectError([](int, const char*, const char*, const char*, int, void*) { return 0; });
      // Never taken down again: threads may still be writing when statics are destroyed.
      std::cerr.rdbuf(new MutableBuffer(std::cerr.rdbuf()));
      return true;
    }();
    static_cast<void>(installed);
    MutableBuffer::muted() = true;
  }
  ~SilenceOpenCv() { MutableBuffer::muted() = false; }
  SilenceOpenCv(const SilenceOpenCv&) = delete;
  SilenceOpenCv& operator=(const SilenceOpenCv&) = delete;
};

}  // namespace

cv::Mat decode_opencv(std::span<const std::uint8_t> bytes, int flags) {
  const SilenceOpenCv silence;
  const cv::Mat encoded(1, static_cast<int>(bytes.size()), CV_8U, const_cast<std::uint8_t*>(bytes.data()));
  cv::Mat image;
  try {
    image = cv::imdecode(encoded, flags);
  } catch (const cv::Exception&) {
  }
  if (image.empty()) throw DataError("damaged image data, or a kind that OpenCV cannot decode");
  if (image.channels() == 3) cv::cvtColor(image, image, cv::COLOR_BGR2RGB);
  return image;
}

}  // namespace dsx::data
