"""BoredBot says to one service that it is bored, and shows what two services know of it."""
