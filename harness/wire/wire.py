"""Sends a call through a session of `requests` and tells a listener what comes back."""

import gevent
from requests import PreparedRequest, Request, Session

from harness.call import Broken, Call, Listener
from harness.outcome import Break
from harness.wire.network import DIRECT, Network
from harness.wire.onward import Onward, keep_cookies, redirected
from harness.wire.reply import Reply
from harness.wire.transport import mount
from harness.wire.trip import Trip


class Wire:
    """One user's way to the server, for one call at a time, with one connection that lives from call to call."""

    def __init__(self, session: Session, network: Network = DIRECT) -> None:
        self._session = session
        self._adapter = mount(session, network)
        self._mould: tuple[object, ...] | None = None
        self._cast: PreparedRequest

    def send(self, call: Call, listener: Listener) -> None:
        """Returns when the framing of the answer has proven the end of its body.

        Raises Broken for all that goes wrong on the network, after one second try if an idle connection turned out
        to be stale. Whatever else is raised, by the listener or by whoever kills the greenlet, passes through. Only
        a connection whose answer was read to its end is used again. Of the body of an answer other than 200 no more
        than 64 KiB is awaited: beyond that the connection is closed and the exchange has ended.
        """
        prepared = self._prepare(call)
        limit_s = call.timeouts.total_s
        late = f"The exchange was not over within {limit_s:g} s (--timeout)."
        with gevent.Timeout(limit_s, Broken(Break.TIMEOUT_TOTAL, late)):
            reply = self._ask(prepared, call, listener, follows=self._session.max_redirects > 0)
            hops = 0
            while reply is not None:
                hops += 1
                prepared = redirected(self._session, prepared, reply)
                reply = self._ask(prepared, call, Onward(listener), follows=hops < self._session.max_redirects)

    def close(self) -> None:
        """Close the connections."""
        self._adapter.close()

    def _prepare(self, call: Call) -> PreparedRequest:
        """As `requests` prepares it. A call that differs from the one before in header values and body alone takes over
        what was worked out for that: addresses, the session's own headers, their order.
        """
        session = self._session
        plain = session.auth is None and not session.cookies and not session.params
        mould = (
            (call.method, call.url, tuple(call.headers), bool(call.body), tuple(session.headers.items()))
            if plain
            else None
        )
        if mould is None or mould != self._mould:
            self._mould, self._cast = mould, self._prepare_anew(call)
            return self._cast
        # The same object again: what was sent with it has been answered, and nobody else has seen it.
        prepared = self._cast
        prepared.headers.update(call.headers)
        if call.body:
            prepared.headers["Content-Length"] = str(len(call.body))
        prepared.body = call.body or None
        return prepared

    def _prepare_anew(self, call: Call) -> PreparedRequest:
        headers = dict(call.headers)
        if not any(name.lower() == "accept-encoding" for name in headers):
            headers["Accept-Encoding"] = "identity"
        request = Request(call.method, call.url, headers=headers, data=call.body or None)
        # Locust's session overrides the method and expects to have been asked by its own `request`.
        return Session.prepare_request(self._session, request)

    def _ask(self, prepared: PreparedRequest, call: Call, listener: Listener, *, follows: bool) -> Reply | None:
        """One request, sent a second time if the idle connection was stale; the answer if it leads elsewhere."""
        trip = Trip(call, listener, follows)
        try:
            self._adapter.carry(trip, prepared, self._session)
        except Broken as broken:
            if broken.how is not Break.CUT or not trip.stale:
                raise
            listener.again()
            trip = Trip(call, listener, follows)
            self._adapter.carry(trip, prepared, self._session)
        if trip.reply.header("set-cookie") is not None:
            keep_cookies(self._session, prepared, trip.reply)
        return trip.reply if trip.leads_on else None
