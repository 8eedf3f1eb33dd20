"""TLS in front of a plain server of this machine: tls_proxy.py PORT FILE TARGET-PORT.

FILE holds a key and a certificate and is read for each connection, so that replacing it rotates them.
"""

import socket
import ssl
import sys
import threading


def pump(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
    except OSError:
        pass
    finally:
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


def serve(client, pem, target):
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        wrapped = context.wrap_socket(client, server_side=True)
        plain = socket.create_connection(("127.0.0.1", target))
    except OSError:
        client.close()
        return
    threading.Thread(target=pump, args=(wrapped, plain), daemon=True).start()
    pump(plain, wrapped)


def main():
    port, pem, target = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    with socket.create_server(("127.0.0.1", port)) as listener:
        while True:
            client, _ = listener.accept()
            threading.Thread(target=serve, args=(client, pem, target), daemon=True).start()


main()
