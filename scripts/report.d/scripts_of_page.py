"""The page's scripts: tables that sort and filter. tablesorter with its filter, from Debian (libjs-jquery, libjs-jquery-tablesorter;
both MIT): kept for twenty years, and small enough to be copied into the page, which opens offline. Without them a table is a table."""

from pathlib import Path

from markupsafe import Markup

JAVASCRIPT = Path("/usr/share/javascript")
FILES = ("jquery/jquery.min.js", "jquery-tablesorter/js/jquery.tablesorter.min.js", "jquery-tablesorter/js/widgets/widget-filter.min.js")
START = """jQuery(function ($) { $("table.sortable").tablesorter({ widgets: ["filter"], sortReset: true, widgetOptions: {
  filter_placeholder: { search: "filter" }, filter_hideFilters: false, filter_liveSearch: true } }); });"""


def scripts():
    """The text of all of them, or "" where one is not installed."""
    files = [JAVASCRIPT / name for name in FILES]
    if not all(file.is_file() for file in files):
        return ""
    return Markup("\n".join([file.read_text("utf-8").replace("</script", "<\\/script") for file in files] + [START]))
