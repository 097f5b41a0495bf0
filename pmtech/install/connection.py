"""What a kernel says reaches the page at once."""

from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection


class PromptConnection(ZMQChannelsWebsocketConnection):
    """A kernel's socket to the page that sends each message when it is there.

    Jupyter's own leaves the choice to TCP, which holds a message back until the one before it was acknowledged (RFC 896), and
    browsers acknowledge late (RFC 1122 4.2.3.2): a kernel says "busy", its answer 30 ms later waited 10 ms more.
    """

    def connect(self):
        """Begin, as Jupyter does."""
        self.websocket_handler.set_nodelay(True)
        return super().connect()
