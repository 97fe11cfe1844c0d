"""A batch's way: snapshot, staged rows, facts for the guards, judgement, merge; and what is forgotten of it later."""
