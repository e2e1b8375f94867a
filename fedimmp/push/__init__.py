"""Web Push: messages that tell an app of a notification, encrypted so that only it reads them.

`encryption` is RFC 8291 and the draft before it, `vapid` says who sends (RFC 8292), `messages`
makes both of a notification, `policy` says which services may carry them.
"""
