"""Facts about AWS that are shipped with rolewright, and the scripts that rebuild them."""
