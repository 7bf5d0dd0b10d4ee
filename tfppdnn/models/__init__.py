"""The networks: h_theta, the generators, the discriminators, phi_k and the cloud's classifier."""
