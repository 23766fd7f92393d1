// A page of figures and thumbnails as one HTML file that opens offline: text, tables and pictures in the
// order in which they are added, images inside as data URIs, readable on a phone. scripts/report makes the
// page of a comparison; this one needs nothing but the program itself.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "data/sources/dataset.hpp"

namespace dsx::cli {

std::string escaped_html(const std::string& text);  // UTF-8, whatever the bytes (kernels/base/utf8.hpp)

// The image as a JPEG data URI, its longer side at most `side` pixels. Throws DataError.
std::string thumbnail_uri(const data::Dataset& dataset, std::size_t index, int side = 192);

struct Figure {
  std::string uri;                   // thumbnail_uri()
  std::string title;                 // in bold: what it is
  std::vector<std::string> details;  // one line each
};

class Page {
 public:
  explicit Page(const std::string& title);
  void heading(const std::string& text);
  void paragraph(const std::string& text);
  void note(const std::string& text);  // a paragraph in small print
  void facts(const std::vector<std::pair<std::string, std::string>>& rows);
  // Cells that begin with a digit, a sign or a dot are aligned to the right.
  void table(const std::vector<std::string>& header, const std::vector<std::vector<std::string>>& rows);
  // Pictures in rows of their own, as many as fit; `together` draws a frame around them (copies of one
  // image).
  void pictures(const std::vector<Figure>& figures, const std::string& caption = "", bool together = false);
  std::string str() const;

 private:
  std::string html_;
};

}  // namespace dsx::cli
