// Plain strings: every text is escaped where it enters.
#include "study/cli/page.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <cctype>
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <stdexcept>

#include "kernels/base/utf8.hpp"

namespace dsx::cli {
namespace {

constexpr int kQuality = 80;  // of a thumbnail's JPEG

constexpr const char* kStyle = R"(
:root { color-scheme: light; --ink: #1d1d1f; --soft: #5c5c62; --line: #dcdce0; --wash: #f5f6f8; }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0 auto; max-width: 72rem; padding: 1rem 1rem 4rem; color: var(--ink); background: #fff; overflow-wrap: anywhere;
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
h1 { font-size: 1.6rem; line-height: 1.2; margin: .5rem 0; }
h2 { font-size: 1.3rem; line-height: 1.25; margin: 2.4rem 0 .6rem; padding-top: .6rem; border-top: 2px solid var(--ink); }
p { max-width: 46rem; margin: .5rem 0; }
.note, figcaption { color: var(--soft); font-size: .875rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem; margin: 1rem 0; padding: .8rem 1rem;
  background: var(--wash); border-radius: .4rem; font-size: .9rem; }
dt { color: var(--soft); }
dd { margin: 0; min-width: 0; }
.box { overflow-x: auto; border: 1px solid var(--line); border-radius: .3rem; margin: .6rem 0; max-width: 100%; width: fit-content; }
table { border-collapse: collapse; font-size: .875rem; font-variant-numeric: tabular-nums; overflow-wrap: normal; }
th, td { text-align: left; vertical-align: top; padding: .35rem .7rem; border-bottom: 1px solid var(--line); }
td.number { text-align: right; white-space: nowrap; }
th { background: var(--wash); }
tr:last-child td { border-bottom: 0; }
.pictures { display: grid; grid-template-columns: repeat(auto-fill, minmax(9rem, 1fr)); gap: .8rem; margin: .8rem 0; }
.together { display: inline-flex; flex-wrap: wrap; vertical-align: top; max-width: 100%; margin: .4rem .6rem .4rem 0; padding: .6rem;
  border: 1px solid var(--line); border-radius: .4rem; background: var(--wash); }
.together p { margin: 0; flex: 1 0 100%; font-size: .875rem; color: var(--soft); }
.together figure { width: 9.5rem; }
figure { margin: 0; font-size: .8rem; color: var(--soft); line-height: 1.35; }
figure img { display: block; width: 100%; max-width: 12rem; height: auto; margin-bottom: .25rem; border-radius: .2rem; background: #000; }
figure b { color: var(--ink); font-weight: 600; }
@media (max-width: 30rem) { body { padding: .6rem .75rem 3rem; } h1 { font-size: 1.3rem; } h2 { font-size: 1.15rem; }
  dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: .45rem; }
  .pictures { grid-template-columns: repeat(2, minmax(0, 1fr)); } .together figure { width: calc(50% - .4rem); } }
)";

bool is_number(const std::string& cell) {
  return !cell.empty() && (std::isdigit(static_cast<unsigned char>(cell[0])) != 0 || cell[0] == '.' ||
                           cell[0] == '-' || cell[0] == '+' || cell == "n/a");
}

}  // namespace

std::string escaped_html(const std::string& text) {
  std::string html;
  for (const char c : one_line(text)) {  // HTML has no control characters
    switch (c) {
      case '&':
        html += "&amp;";
        break;
      case '<':
        html += "&lt;";
        break;
      case '>':
        html += "&gt;";
        break;
      case '"':
        html += "&quot;";
        break;
      default:
        html += c;
    }
  }
  return html;
}

std::string thumbnail_uri(const data::Dataset& dataset, std::size_t index, int side) {
  const data::ImageShape shape = dataset.shape();
  std::vector<std::uint8_t> pixels(shape.count());
  dataset.read(index, pixels);
  std::vector<cv::Mat> planes;
  const std::size_t plane = shape.count() / static_cast<std::size_t>(shape.channels);
  for (int c = shape.channels; c-- > 0;)  // OpenCV's order is blue, green, red
    planes.emplace_back(shape.height, shape.width, CV_8U, &pixels[static_cast<std::size_t>(c) * plane]);
  cv::Mat image;
  cv::merge(planes, image);
  const double scale = static_cast<double>(side) / std::max(shape.height, shape.width);
  if (scale < 1) cv::resize(image, image, {}, scale, scale, cv::INTER_AREA);
  std::vector<std::uint8_t> jpeg;
  if (!cv::imencode(".jpg", image, jpeg, {cv::IMWRITE_JPEG_QUALITY, kQuality}))
    throw std::runtime_error("OpenCV could not encode a thumbnail");
  std::string base64(4 * ((jpeg.size() + 2) / 3), '\0');  // data() has one byte more, for the final NUL
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(base64.data()), jpeg.data(),
                  static_cast<int>(jpeg.size()));
  return "data:image/jpeg;base64," + base64;
}

Page::Page(const std::string& title) {
  html_ = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, "
      "initial-scale=1\">\n<title>{0}</title>\n<style>{1}</style>\n"
      "</head>\n<body>\n<h1>{0}</h1>\n",
      escaped_html(title), kStyle);
}

void Page::heading(const std::string& text) { html_ += fmt::format("<h2>{}</h2>\n", escaped_html(text)); }

void Page::paragraph(const std::string& text) { html_ += fmt::format("<p>{}</p>\n", escaped_html(text)); }

void Page::note(const std::string& text) {
  html_ += fmt::format("<p class=\"note\">{}</p>\n", escaped_html(text));
}

void Page::facts(const std::vector<std::pair<std::string, std::string>>& rows) {
  html_ += "<dl>\n";
  for (const auto& [name, value] : rows)
    html_ += fmt::format("<dt>{}</dt><dd>{}</dd>\n", escaped_html(name), escaped_html(value));
  html_ += "</dl>\n";
}

void Page::table(const std::vector<std::string>& header, const std::vector<std::vector<std::string>>& rows) {
  html_ += "<div class=\"box\" tabindex=\"0\"><table>\n<tr>";
  for (const std::string& cell : header) html_ += fmt::format("<th>{}</th>", escaped_html(cell));
  html_ += "</tr>\n";
  for (const auto& row : rows) {
    html_ += "<tr>";
    for (const std::string& cell : row)
      html_ += fmt::format("<td{}>{}</td>", is_number(cell) ? " class=\"number\"" : "", escaped_html(cell));
    html_ += "</tr>\n";
  }
  html_ += "</table></div>\n";
}

void Page::pictures(const std::vector<Figure>& figures, const std::string& caption, bool together) {
  html_ += fmt::format("<div class=\"pictures{}\">\n", together ? " together" : "");
  if (!caption.empty()) html_ += fmt::format("<p>{}</p>\n", escaped_html(caption));
  for (const Figure& figure : figures) {
    html_ += fmt::format("<figure><img src=\"{}\" alt=\"{}\" loading=\"lazy\"><b>{}</b>", figure.uri,
                         escaped_html(figure.title), escaped_html(figure.title));
    for (const std::string& line : figure.details) html_ += "<br>" + escaped_html(line);
    html_ += "</figure>\n";
  }
  html_ += "</div>\n";
}

std::string Page::str() const { return html_ + "</body>\n</html>\n"; }

}  // namespace dsx::cli
