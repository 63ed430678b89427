"""A GitHub on one laptop: real bare git repositories behind GitHub's own paths, texts, permissions and webhooks."""
