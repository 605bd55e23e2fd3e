"""A local page server in the Graph's shape, quick enough not to be what is measured: 500 rows of 729 bytes a page.

One page is one day of 500 ads; an account has 8 such blocks of ads. The same request gets the same answer, until
`/version?2` changes the spend of 1% of the rows.
"""

import functools
import json
import socket
import socketserver
from datetime import date, timedelta
from urllib.parse import parse_qs, urlsplit

ROWS_PER_PAGE = 500
BLOCKS = 8
BYTES_PER_ROW = 729
CHANGED_PER_PAGE = 5
ACCOUNT = "act_1"
_DAY, _BLOCK, _SPEND = "2000-01-01", "BLK", "SPENDX"
_NODE = {
    "id": ACCOUNT,
    "name": "Sample",
    "currency": "EUR",
    "timezone_name": "Europe/Kyiv",
    "account_status": 1,
    "created_time": "2020-01-01T00:00:00+0200",
}
_WINDOWS = {"1d_click": "3", "7d_click": "4", "28d_click": "5", "1d_view": "1"}


def row_text(number: int) -> str:
    """Return one row of 729 bytes, its comma included; the day, the block and some spends are put in later."""
    spend = _SPEND if number < CHANGED_PER_PAGE else f"{number % 900 + 100}.{number % 90 + 10}"
    row = {
        "campaign_id": f"1202{_BLOCK}{number // 50:06d}1",
        "adset_id": f"1202{_BLOCK}{number // 10:06d}2",
        "ad_id": f"1202{_BLOCK}{number:06d}3",
        "account_currency": "EUR",
        "spend": spend,
        "impressions": str(10_000 + 37 * number),
        "clicks": str(100 + number),
        "inline_link_clicks": str(80 + number),
        "reach": str(9_000 + 31 * number),
        "actions": [
            {"action_type": "link_click", "value": str(80 + number), **_WINDOWS},
            {"action_type": "purchase", "value": str(number % 40 + 1), **_WINDOWS},
        ],
        "action_values": [
            {"action_type": "purchase", "value": f"{number % 400 + 1}.5", "1d_click": "60.25", "7d_click": "90.5"}
        ],
        "date_start": _DAY,
        "date_stop": _DAY,
    }
    text = json.dumps(row, separators=(",", ":"))
    # Meta's rows differ in length; here the last action type fills up to the measured mean.
    missing = BYTES_PER_ROW - 1 - len(text)
    return text.replace('"action_type":"purchase","value":"', f'"action_type":"purchase{"_" * missing}","value":"', 1)


TEMPLATE = ("[" + ",".join(row_text(number) for number in range(ROWS_PER_PAGE)) + "]").encode()


@functools.lru_cache
def _block(number: int, spend: bytes) -> bytes:
    """Return the rows of one block of ads on a day that is put in later."""
    return TEMPLATE.replace(_BLOCK.encode(), f"{number:03d}".encode()).replace(_SPEND.encode(), spend)


class _Handler(socketserver.StreamRequestHandler):
    version = b"100.10"

    def setup(self) -> None:
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        super().setup()

    def handle(self) -> None:
        while line := self.rfile.readline():
            while self.rfile.readline() not in (b"\r\n", b""):
                pass
            self._answer(line.decode().split(" ")[1])

    def _answer(self, target: str) -> None:
        url = urlsplit(target)
        if url.path == "/version":
            _Handler.version = b"999.99"
            body = b"{}"
        elif url.path.endswith("/insights"):
            body = self._page(parse_qs(url.query))
        else:
            body = json.dumps(_NODE).encode()
        head = (
            "HTTP/1.1 200 OK\r\nDate: Mon, 01 Jun 2026 06:30:00 GMT\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        self.request.sendall(head.encode() + body)

    def _page(self, query: dict[str, list[str]]) -> bytes:
        asked = json.loads(query["time_range"][0])
        first, last = date.fromisoformat(asked["since"]), date.fromisoformat(asked["until"])
        number = int(query.get("after", ["0"])[0])
        day = first + timedelta(days=number // BLOCKS)
        rows = _block(number % BLOCKS, self.version).replace(_DAY.encode(), str(day).encode())
        paging: dict[str, object] = {"cursors": {"before": str(number), "after": str(number + 1)}}
        if number + 1 < BLOCKS * ((last - first).days + 1):
            paging["next"] = "https://graph.example/next"
        return b'{"data":' + rows + b',"paging":' + json.dumps(paging).encode() + b"}"


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


def main() -> None:
    """Serve until the process is ended; the first line printed is the address."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
