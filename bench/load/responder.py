"""The fastest server we could write: it answers anything at once and reads nothing.

What the generator reaches against it is the generator's own ceiling.
"""

import select
import socket
import sys

BODY = b'{"id":"%s"}' % (b"0" * 240)
ANSWER = (
    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-request-id: 0\r\n"
    b"cache-control: no-store\r\ncontent-length: %d\r\n\r\n%s" % (len(BODY), BODY)
)


def answered(sock: socket.socket) -> bool:
    """Answer what arrived; false when the other side is gone."""
    try:
        return bool(sock.recv(65536)) and bool(sock.send(ANSWER))
    except ConnectionError:
        return False


def main() -> None:
    """Answer on the given port until killed."""
    listener = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=256)
    epoll, sockets = select.epoll(), dict[int, socket.socket]()
    epoll.register(listener.fileno(), select.EPOLLIN)
    while True:
        for number, _ in epoll.poll():
            if number == listener.fileno():
                sock, _ = listener.accept()
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                sockets[sock.fileno()] = sock
                epoll.register(sock.fileno(), select.EPOLLIN)
            elif not answered(sockets[number]):
                epoll.unregister(number)
                sockets.pop(number).close()


if __name__ == "__main__":
    main()
