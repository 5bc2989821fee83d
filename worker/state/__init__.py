"""What the worker remembers: observations, never a queue of intended writes (docs/decisions/0003).

`store.Store` opens the database and gives transactions (a SQLAlchemy session). The other modules are plain functions that
take such a session and leave the commit to the caller, so that everything about one item (its link, its journal line,
its problem lines, its closed attempt) stands or falls together:

    with store.begin(lease) as tx:
        links.save(tx, user.id, link)
        journal.append(tx, user.id, [entry])
"""
