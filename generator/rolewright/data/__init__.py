"""Facts shipped with rolewright, and the scripts that rebuild them."""
