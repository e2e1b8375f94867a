"""Plain pages to read in a browser: timelines, people and posts, for members who are signed in."""
