"""AWS: moto's server."""

from moto.server import ThreadedMotoServer

from tests.sdk.emulators.launch import serve_until_told

if __name__ == "__main__":
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    serve_until_told(f"http://{host}:{port}")
    server.stop()
