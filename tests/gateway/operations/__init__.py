"""Operations, over the whole application in process."""
