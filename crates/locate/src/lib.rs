//! Who is where: from signal strengths to a probability for every zone. Pure.
